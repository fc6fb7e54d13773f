import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'
import { renderText } from './text.ts'

/** The article's leak and its fix on the embedded backend, MinIO skipped: the sample of the JSON contract, completed. */
const RECORD = JSON.parse(readFileSync(new URL('article-record.json', import.meta.url), 'utf8')) as RunRecord
const [LEAKY, FIXED] = RECORD.runs as [ScenarioRun, ScenarioRun]
const SOURCE = [
  ...Array.from({ length: 38 }, () => '//'),
  'async function copyAll(keys) {',
  '  for (const key of keys) {',
  '    const object = await s3.send(new GetObjectCommand({ Bucket, Key: key }))',
  '  }',
].join('\n')
const PLAIN = { colour: false, width: Number.POSITIVE_INFINITY, readSource: () => SOURCE }

/** The record with other runs, its totals in step. */
function having(...runs: readonly ScenarioRun[]): RunRecord {
  const asExpected = runs.filter((run) => run.asExpected).length
  return { ...RECORD, runs, skipped: [], totals: { ...RECORD.totals, runs: runs.length, asExpected, skipped: 0 } }
}

describe('the text report', () => {
  test('shows a leak with its line, evidence, fix and proof, a clean run in one line, and what was not run with the remedy', () => {
    expect(renderText(RECORD, PLAIN)).toMatchInlineSnapshot(`
      "leaked  article-batch-copy (leaky)  25 bodies unread, blocked at request 26  embedded, as expected

        UNREAD_BODY   x25  GET http://127.0.0.1:9000/photos/*                opened at scenarios/backend/article-batch-copy.ts:41 in copyAll
           40 |   for (const key of keys) {
         > 41 |     const object = await s3.send(new GetObjectCommand({ Bucket, Key: key }))
              |                             ^
           why   headers at +12 ms, 0 of 1.0 MB read; 25 sockets ESTABLISHED; 25 of 25 leases taken, 1 queued
           fix   read it (await object.Body.transformToByteArray()) or release it (object.Body.destroy()); reading 1 MB keeps the connection, destroying costs a reconnect
           proof released 25 bodies: request 26 answered in 3 ms, back at the baseline in 40 ms

        POOL_STARVED  x1   GET http://127.0.0.1:9000/photos/object-0025      opened at scenarios/backend/article-batch-copy.ts:41 in copyAll
           what  1 request waits for a connection that leaked bodies hold: blocks at request 26
           why   1 queued behind 25 of 25 leases
           fix   release the bodies above

      clean  article-batch-copy (fixed)  back at the baseline in 4.0 s  embedded, as expected

      2 of 2 runs as expected
      minio: 2 of 2 NOT RUN, no container engine: /var/run/docker.sock does not exist; remedy: install Docker, or set WATERTIGHT_MINIO_BIN to a MinIO binary

      scenario            case  variant  backend   verdict  time   as expected
      article-batch-copy  -     leaky    embedded  leaked   6.2 s  yes
      article-batch-copy  -     fixed    embedded  clean    5.0 s  yes

      not run on minio: article-batch-copy (leaky, fixed)

      2 runs, 2 as expected, 0 not, 2 skipped in 7.0 s · watertight 0.1.0, Node v24.21.0, linux, no container engine
      "
    `)
  })

  test('puts a run that is not as expected next to the summary, with what was declared and what the work threw', () => {
    const surprise: ScenarioRun = {
      ...FIXED,
      verdict: 'leaked',
      asExpected: false,
      notes: ['declared clean, judged leaked', 'UNREAD_BODY was found and is not declared'],
      findings: LEAKY.findings.slice(0, 1),
      returnedToBaselineMs: null,
      workError: 'Error: socket hang up\n    at copyAll (copy.ts:3:4)',
    }
    expect(
      renderText(having(surprise, LEAKY), { ...PLAIN, readSource: () => null })
        .split('\n\n')
        .slice(3)
        .join('\n\n'),
    ).toMatchInlineSnapshot(`
      "leaked  article-batch-copy (fixed)  25 bodies unread  embedded, NOT AS EXPECTED

        UNREAD_BODY  x25  GET http://127.0.0.1:9000/photos/*      opened at scenarios/backend/article-batch-copy.ts:41 in copyAll
           why   headers at +12 ms, 0 of 1.0 MB read; 25 sockets ESTABLISHED; 25 of 25 leases taken, 1 queued
           fix   read it (await object.Body.transformToByteArray()) or release it (object.Body.destroy()); reading 1 MB keeps the connection, destroying costs a reconnect

           want  clean
           count sockets 2 before, 4 at the peak, 2 after; handles 3 before, 5 at the peak, 3 after; descriptors 24 before, 26 at the peak, 24 after
           time  never back at the baseline, deadline 6.0 s; 122 requests sent, 122 ok, 0 failed
           note  declared clean, judged leaked
           note  UNREAD_BODY was found and is not declared
           threw Error: socket hang up
                     at copyAll (copy.ts:3:4)

      1 of 2 runs as expected

      scenario            case  variant  backend   verdict  time   as expected
      article-batch-copy  -     fixed    embedded  leaked   5.0 s  NO: declared clean, judged leaked; UNREAD_BODY was found and is not declared
      article-batch-copy  -     leaky    embedded  leaked   6.2 s  yes

      2 runs, 1 as expected, 1 not, 0 skipped in 7.0 s · watertight 0.1.0, Node v24.21.0, linux, no container engine
      "
    `)
  })

  test('tells of a leaky scenario that came back clean what it was declared to be', () => {
    const harmless: ScenarioRun = { ...LEAKY, verdict: 'clean', asExpected: false, findings: [], notes: ['declared leaked, judged clean'] }
    expect(renderText(having(harmless), PLAIN)).toContain('     want  leaked with UNREAD_BODY, POOL_STARVED, blocked at request 26\n')
  })

  test('shows what an inconclusive run could not see', () => {
    const blind: ScenarioRun = { ...FIXED, verdict: 'inconclusive', asExpected: false, notes: ['the kernel probe saw nothing: no /proc'] }
    expect(renderText(having(blind), PLAIN)).toContain(
      'inconclusive  article-batch-copy (fixed)  the kernel probe saw nothing: no /proc  embedded, NOT AS EXPECTED',
    )
  })

  test('names case and churn of a clean run in its one line', () => {
    const churn = {
      ...(LEAKY.findings[0] as ScenarioRun['findings'][number]),
      code: 'CONNECTION_CHURN',
      severity: 'churn',
      count: 48,
    } as const
    const text = renderText(having({ ...FIXED, case: '65535', backend: null, findings: [churn] }), PLAIN)
    expect(text.split('\n')[0]).toBe(
      'clean  article-batch-copy/65535 (fixed)  back at the baseline in 4.0 s, churn CONNECTION_CHURN x48  as expected',
    )
  })

  test('says loudly when nothing was judged', () => {
    const nothing = { ...RECORD, runs: [], totals: { ...RECORD.totals, runs: 0, asExpected: 0 } }
    expect(renderText(nothing, PLAIN)).toMatch(
      /^NOTHING WAS JUDGED\nminio: 2 of 2 NOT RUN, no container engine: .*; remedy: install Docker/,
    )
  })

  test('begins with the notice it is given', () => {
    expect(renderText(RECORD, { ...PLAIN, notice: 'INTERRUPTED by SIGINT' })).toMatch(/^INTERRUPTED by SIGINT\n\nleaked {2}article/)
  })

  test('says the same with colours as without', () => {
    const coloured = renderText(RECORD, { ...PLAIN, colour: true })
    expect(coloured).toContain('\u001b[31m')
    expect(stripVTControlCharacters(coloured)).toBe(renderText(RECORD, PLAIN))
  })

  test('breaks long explanations at the width of the terminal, behind their label', () => {
    const text = renderText(RECORD, { ...PLAIN, width: 60 })
    const fix = text.slice(text.indexOf('     fix '), text.indexOf('     proof '))
    expect(fix).toMatchInlineSnapshot(`
      "     fix   read it (await
                 object.Body.transformToByteArray()) or release it
                 (object.Body.destroy()); reading 1 MB keeps the
                 connection, destroying costs a reconnect
      "
    `)
  })

  test('lets no escape sequence of an error, a path or a source line through to the terminal', () => {
    const evil = '\u001b]0;owned\u0007\u009b2J\u202e\r'
    const [finding] = LEAKY.findings
    if (finding?.openedAt == null || finding.request === null) throw new Error('the sample has no place')
    const run: ScenarioRun = {
      ...LEAKY,
      scenario: `s${evil}`,
      asExpected: false,
      notes: [`n${evil}`],
      workError: `w${evil}\nsecond line`,
      findings: [
        {
          ...finding,
          origin: `o${evil}`,
          request: { ...finding.request, path: `/p${evil}` },
          openedAt: { ...finding.openedAt, file: `f${evil}`, function: `g${evil}` },
          advice: `a${evil}`,
          evidence: [{ ledger: 'peer', says: `e${evil}`, value: `v${evil}` }],
        },
      ],
    }
    const skipped = RECORD.skipped.map((each) => ({ ...each, scenario: `k${evil}`, reason: `r${evil}`, remedy: `m${evil}` }))
    const text = renderText({ ...having(run), skipped }, { ...PLAIN, readSource: () => SOURCE.replaceAll('const', `const${evil}`) })
    expect(text.match(/[^\P{C}\n]/gu)).toBeNull()
    expect(text).toContain('\\u001b]0;owned\\u0007\\u009b2J\\u202e\\r')
  })

  test.each([
    ['the file is shorter now', 'one line'],
    ['the line is generated code', SOURCE.replace('    const', ' '.repeat(600))],
  ])('leaves the code frame out when %s', (_why, source) => {
    const text = renderText(RECORD, { ...PLAIN, readSource: () => source })
    expect(text).toBe(renderText(RECORD, { ...PLAIN, readSource: () => null }))
    expect(text).not.toContain(' | ')
  })
})

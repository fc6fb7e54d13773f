import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'
import { renderMarkdown } from './markdown.ts'

const RECORD = JSON.parse(readFileSync(new URL('article-record.json', import.meta.url), 'utf8')) as RunRecord
const [LEAKY, FIXED] = RECORD.runs as [ScenarioRun, ScenarioRun]

test('the Markdown report is a headline and a row for each run when all is as expected', () => {
  expect(renderMarkdown(RECORD)).toMatchInlineSnapshot(`
    "## watertight: 2 of 2 runs as expected

    - **minio: 2 of 2 NOT RUN**, no container engine: /var/run/docker.sock does not exist; remedy: install Docker, or set WATERTIGHT\\_MINIO\\_BIN to a MinIO binary

    | scenario | backend | verdict | what | time | as expected |
    | --- | --- | --- | --- | --- | --- |
    | article-batch-copy (leaky) | embedded | leaked | 25 bodies unread, blocked at request 26 | 6.2 s | yes |
    | article-batch-copy (fixed) | embedded | clean | back at the baseline in 4.0 s | 5.0 s | yes |

    watertight 0.1.0, Node v24.21.0, linux, in 7.0 s
    "
  `)
})

test('a run that is not as expected is told in full', () => {
  const surprise: ScenarioRun = {
    ...LEAKY,
    variant: 'fixed',
    expected: { verdict: 'clean' },
    asExpected: false,
    notes: ['declared clean, judged leaked'],
  }
  const record = { ...RECORD, runs: [surprise, FIXED], skipped: [], totals: { ...RECORD.totals, asExpected: 1, skipped: 0 } }
  expect(renderMarkdown(record, 'INTERRUPTED by SIGINT')).toMatchInlineSnapshot(`
    "## watertight: 1 of 2 runs as expected

    **INTERRUPTED by SIGINT**

    | scenario | backend | verdict | what | time | as expected |
    | --- | --- | --- | --- | --- | --- |
    | article-batch-copy (fixed) | embedded | leaked | 25 bodies unread, blocked at request 26 | 6.2 s | **NO** |
    | article-batch-copy (fixed) | embedded | clean | back at the baseline in 4.0 s | 5.0 s | yes |

    ### article-batch-copy (fixed): leaked

    - want: clean
    - **UNREAD_BODY** x25 GET http://127.0.0.1:9000/photos/\\*, opened at scenarios/backend/article-batch-copy.ts:41 in copyAll: 25 response bodies were never read or released
      - why: headers at +12 ms, 0 of 1.0 MB read; 25 sockets ESTABLISHED; 25 of 25 leases taken, 1 queued
      - fix: read it (await object.Body.transformToByteArray()) or release it (object.Body.destroy()); reading 1 MB keeps the connection, destroying costs a reconnect
      - proof: released 25 bodies: request 26 answered in 3 ms, back at the baseline in 40 ms
    - **POOL_STARVED** x1 GET http://127.0.0.1:9000/photos/object-0025, opened at scenarios/backend/article-batch-copy.ts:41 in copyAll: 1 request waits for a connection that leaked bodies hold: blocks at request 26
      - why: 1 queued behind 25 of 25 leases
      - fix: release the bodies above
    - note: declared clean, judged leaked

    watertight 0.1.0, Node v24.21.0, linux, in 7.0 s
    "
  `)
})

test('text from outside is no markup', () => {
  const nasty = '| **a** <img src=x> [b](javascript:c) `d` &lt;\n# e'
  const run: ScenarioRun = { ...LEAKY, scenario: nasty, asExpected: false, notes: [nasty], findings: [], workError: nasty }
  const text = renderMarkdown({ ...RECORD, runs: [run], skipped: [] })
  expect(text).not.toContain('<img')
  expect(text).not.toContain('**a**')
  expect(text).not.toMatch(/^# e/m)
  expect(text).not.toContain('[b](')
  const rows = text.split('\n').filter((line) => line.startsWith('| '))
  expect(rows.map((line) => line.replaceAll('\\|', '').split('|').length)).toEqual(rows.map(() => 8))
})

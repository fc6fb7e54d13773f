import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'
import { renderGithub } from './github.ts'

const RECORD = JSON.parse(readFileSync(new URL('article-record.json', import.meta.url), 'utf8')) as RunRecord
const [LEAKY, FIXED] = RECORD.runs as [ScenarioRun, ScenarioRun]

test('a declared leak is no annotation; what was not run is a warning', () => {
  expect(renderGithub(RECORD)).toMatchInlineSnapshot(`
    "::warning title=minio%3A 2 of 2 NOT RUN::no container engine: /var/run/docker.sock does not exist%0Aremedy: install Docker, or set WATERTIGHT_MINIO_BIN to a MinIO binary
    "
  `)
  expect(renderGithub({ ...RECORD, skipped: [] })).toBe('')
})

test('a leak that was not declared is an error at its line; one that was missed has no line', () => {
  const surprise: ScenarioRun = { ...LEAKY, variant: 'fixed', expected: { verdict: 'clean' }, asExpected: false }
  const missed: ScenarioRun = {
    ...FIXED,
    variant: 'leaky',
    expected: LEAKY.expected,
    asExpected: false,
    findings: [],
    notes: ['declared leaked, judged clean'],
  }
  expect(renderGithub({ ...RECORD, runs: [surprise, missed], skipped: [] })).toMatchInlineSnapshot(`
    "::error file=scenarios/backend/article-batch-copy.ts,line=41,col=29,title=UNREAD_BODY x25 in article-batch-copy (fixed)::25 response bodies were never read or released%0Awhy: headers at +12 ms, 0 of 1.0 MB read; 25 sockets ESTABLISHED; 25 of 25 leases taken, 1 queued%0Afix: read it (await object.Body.transformToByteArray()) or release it (object.Body.destroy()); reading 1 MB keeps the connection, destroying costs a reconnect
    ::error file=scenarios/backend/article-batch-copy.ts,line=41,col=29,title=POOL_STARVED x1 in article-batch-copy (fixed)::1 request waits for a connection that leaked bodies hold: blocks at request 26%0Awhy: 1 queued behind 25 of 25 leases%0Afix: release the bodies above
    ::error title=article-batch-copy (leaky)%3A clean::back at the baseline in 4.0 s%0Awant: leaked with UNREAD_BODY, POOL_STARVED, blocked at request 26%0Adeclared leaked, judged clean
    "
  `)
})

test('text from outside begins no command and ends no property', () => {
  const nasty = 'a,line=1::error::b\n::error::c%0A'
  const run: ScenarioRun = { ...LEAKY, scenario: nasty, asExpected: false, findings: [], notes: [nasty] }
  const text = renderGithub({ ...RECORD, runs: [run], skipped: [] })
  expect(text.trimEnd().split('\n')).toHaveLength(1)
  expect(text).toMatch(/^::error title=[^,:]*::/)
  expect(text).not.toContain('c%0A')
})

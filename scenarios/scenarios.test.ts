/**
 * Every scenario, every variant, on every kind of backend: judged as declared. One suite run, one test per cell. What this machine cannot start is skipped
 * with its reason and remedy; with WATERTIGHT_REQUIRE_DOCKER=1 that is a failure, so that a machine that is meant to have it all cannot pass by skipping.
 */

import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from 'vitest'
import { pingEngine } from '../fixtures/containers/engine.ts'
import { OWN_KINDS } from '../harness/model/backend.ts'
import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'
import { discoverScenarios } from '../harness/scenario/discover.ts'
import { planRuns, runSuite } from '../harness/scenario/suite.ts'
import type { NumberClaim } from './numbers.ts'

const scenarios = await discoverScenarios(fileURLToPath(new URL('.', import.meta.url)))
const variants = ['leaky', 'fixed'] as const
/** Each test waits for the one suite, which is held to 5 minutes; twice that on a machine that does something else as well. */
const SUITE_LIMIT_MS = 600_000
const cells = planRuns({ scenarios, variants, backends: OWN_KINDS }).map(({ key }) => key)

/** Every numbers*.ts of this folder exports the claims of one area. */
const modules = await Promise.all(
  globSync('numbers*.ts', { cwd: import.meta.dirname })
    .toSorted()
    .map((file): Promise<{ readonly CLAIMS: readonly NumberClaim[] }> => import(/* @vite-ignore */ `./${file}`)),
)
const claims = modules.flatMap(({ CLAIMS }) => CLAIMS)

type Cell = Pick<ScenarioRun, 'scenario' | 'case' | 'variant'> & { readonly backend: string | null }
const nameOf = (cell: Cell): string => [cell.scenario, cell.case, cell.variant, cell.backend].filter((part) => part !== null).join(', ')

/** The line of a file that holds this text; the tests name lines by what stands there. */
const lineOf = (file: string, text: string): number =>
  readFileSync(file, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(text)) + 1

describe('every scenario is judged as declared', () => {
  const stop = new AbortController()
  let record: Promise<RunRecord>
  beforeAll(async () => {
    // In CI no image is pulled behind anybody's back, and in a test neither.
    vi.stubEnv('CI', '1')
    const engine = await pingEngine()
    record = runSuite({
      scenarios,
      variants,
      backends: OWN_KINDS,
      url: null,
      iterations: 1,
      workTimeoutMs: 60_000,
      idleTimeoutMs: null,
      docker: engine.ok,
      bail: false,
      signal: stop.signal,
      onEvent: () => {},
    })
    // Each test awaits it and fails of it; nobody awaits it when all are filtered out.
    record.catch(() => {})
  })
  afterAll(() => {
    stop.abort()
    vi.unstubAllEnvs()
  })

  /** The run of a cell; skips the test where it could not be made here. */
  async function runOf(cell: Cell, { skip }: TestContext): Promise<ScenarioRun> {
    const { runs, skipped } = await record
    const run = runs.find((each) => nameOf(each) === nameOf(cell))
    if (run !== undefined) return run
    const missing = skipped.find((each) => nameOf(each) === nameOf(cell))
    if (missing === undefined) throw new Error(`the suite did not run ${nameOf(cell)}`)
    const why = `${missing.reason}; remedy: ${missing.remedy}`
    if (process.env.WATERTIGHT_REQUIRE_DOCKER === '1')
      throw new Error(`WATERTIGHT_REQUIRE_DOCKER=1, but ${nameOf(cell)} was not run: ${why}`)
    return skip(why)
  }

  for (const backend of ['embedded', 'minio']) {
    test(`on ${backend} all four ledgers agree on the 25 bodies of the article, and the proof is answered`, {
      timeout: SUITE_LIMIT_MS,
    }, async (context) => {
      const run = await runOf({ scenario: 'article-batch-copy', case: null, variant: 'leaky', backend }, context)
      const unread = run.findings.find(({ code }) => code === 'UNREAD_BODY')
      const evidenceOf = (ledger: string, says: RegExp) =>
        unread?.evidence.find((evidence) => evidence.ledger === ledger && says.test(evidence.says))?.value
      expect(unread).toMatchObject({
        count: 25,
        openedAt: { file: 'scenarios/backend/article-batch-copy.ts', function: 'copyAll' },
      })
      expect(unread?.openedAt?.line).toBe(
        lineOf('scenarios/backend/article-batch-copy.ts', 'const object = await s3.send(new GetObjectCommand'),
      )
      expect(evidenceOf('requests', /^headers at \+\d+ ms, 0 of 1000000 bytes read$/)).toBe(25)
      expect(evidenceOf('kernel', /^ESTABLISHED$/)).toBe(25)
      expect(evidenceOf('pools', /^of 25 leases taken$/)).toBe(25)
      expect(evidenceOf('pools', /^queued$/)).toBe(1)
      expect(evidenceOf('peer', /connections open$/)).toBeGreaterThanOrEqual(25)
      expect(run).toMatchObject({ blockedAtRequest: 26, connectionsOpened: 25, requests: { sent: 27, ok: 26, failed: 0 } })
      expect(run.proof).toMatchObject({ released: 25, answeredInMs: expect.any(Number), baselineInMs: expect.any(Number) })
    })
  }

  test.for([
    ['100 B', /the process cannot end/],
    ['1 MB', /would end all the same, with code 0/],
  ] as const)('one unread body of %s: exit is no leak test', { timeout: SUITE_LIMIT_MS }, async ([size, says], context) => {
    const { findings } = await runOf({ scenario: 'hang-versus-leak', case: size, variant: 'leaky', backend: 'embedded' }, context)
    expect(findings[0]?.evidence.some((evidence) => says.test(evidence.says))).toBe(true)
  })

  test('the lines of the 15 requests queued inside an undici Pool are named, and the service is blamed at its handler', {
    timeout: SUITE_LIMIT_MS,
  }, async (context) => {
    const pool = await runOf({ scenario: 'undici-request-limit', case: '40 at once', variant: 'leaky', backend: 'embedded' }, context)
    const starved = pool.findings.find(({ code }) => code === 'POOL_STARVED')
    const file = 'scenarios/backend/undici-request-limit.ts'
    expect(starved).toMatchObject({ count: 15, openedAt: { file, line: lineOf(file, 'paths.map((path) => pool.request(') } })
    const gateway = await runOf({ scenario: 'gateway-leaks-5-percent', case: null, variant: 'leaky', backend: 'embedded' }, context)
    const handler = 'scenarios/server/gateway-leaks-5-percent.ts'
    expect(gateway.findings[0]).toMatchObject({ count: 10, openedAt: { file: handler, line: lineOf(handler, 'await s3.send(') } })
  })

  /** What was measured once and is the point of the scenario (facts.md): what has a bound declares it (connectionsAtMost). */
  for (const { scenario, case: name, variant, backend, numbers } of claims) {
    test(`${nameOf({ scenario, case: name, variant, backend })}: the numbers`, {
      timeout: SUITE_LIMIT_MS,
    }, async (context) => {
      expect(await runOf({ scenario, case: name, variant, backend }, context)).toMatchObject(numbers)
    })
  }

  test('on minio it is the server that ends idle connections, after 30 s', { timeout: SUITE_LIMIT_MS }, async (context) => {
    const { findings } = await runOf({ scenario: 'aws-idle-on-minio', case: null, variant: 'leaky', backend: 'minio' }, context)
    const summary = expect.stringContaining('the client has no idle timeout, the server closes at 30000 ms')
    expect(findings).toMatchObject([{ code: 'IDLE_PAST_DEADLINE', count: 10, summary }])
  })

  test.for([
    ['undici', 3, 'await request(url'],
    ['fetch', 3, 'await fetch(url'],
    ['node:http', 4, 'get(url, { agent }'],
    ['axios', 4, 'await axios.get'],
    // It asks a turn later, when the stack of its caller is gone.
    ['got', 3, null],
    ['ky', 3, 'await ky.get'],
    ['node-fetch', 3, 'await nodeFetch('],
    ['superagent', 3, 'asked.pipe(body)'],
    ['minio-js', 1, 'await minio.getObject('],
  ] as const)(
    'of four error answers %s leaves %i unread when nobody cares, at its own line',
    { timeout: SUITE_LIMIT_MS },
    async ([client, count, text], context) => {
      const { findings } = await runOf({ scenario: 'error-bodies', case: client, variant: 'leaky', backend: 'embedded' }, context)
      const file = 'scenarios/backend/error-bodies.ts'
      const openedAt = text === null ? null : { file, line: lineOf(file, text) }
      expect(findings).toMatchObject([{ code: 'UNREAD_BODY', count, openedAt }])
    },
  )

  test.for([
    ['timer', 'TIMER_LEFT', 'late = setTimeout('],
    ['interval', 'TIMER_LEFT', 'const heart = setInterval('],
    ['worker', 'WORKER_LEFT', 'new Worker('],
    ['fs.watch', 'WATCHER_LEFT', 'watch(folder)'],
    ['fs.watchFile', 'WATCHER_LEFT', 'watchFile(file, {'],
    ['child', 'CHILD_LEFT', 'spawn(process.execPath'],
    ['file', 'FILE_LEFT_OPEN', 'openSync(join('],
  ] as const)(
    'a forgotten %s is one finding, %s, at the line that made it',
    { timeout: SUITE_LIMIT_MS },
    async ([name, code, made], context) => {
      const { findings } = await runOf({ scenario: 'timers-workers-watchers', case: name, variant: 'leaky', backend: null }, context)
      const file = 'scenarios/process/timers-workers-watchers.ts'
      expect(findings).toMatchObject([{ code, count: 1, openedAt: { file, line: lineOf(file, made) } }])
    },
  )

  test.for([
    ['keep-alive', []],
    ['preconnect', ['no request was ever answered on it']],
    ['stuck handler', ['a request on it is not answered to its end']],
  ] as const)(
    'a close() that is blocked (%s) names its peers, and says whether they were ever answered',
    { timeout: SUITE_LIMIT_MS },
    async ([name, told], context) => {
      const cell = { scenario: 'server-close-blocked', case: name, variant: 'leaky', backend: null } as const
      context.skip(
        name === 'preconnect' && !cells.some((each) => nameOf(each) === nameOf(cell)),
        'close() of this Node does not wait for them',
      )
      const { findings } = await runOf(cell, context)
      const blocked = findings.find(({ code }) => code === 'SERVER_CLOSE_BLOCKED')
      const file = 'scenarios/server/server-close-blocked.ts'
      expect(blocked).toMatchObject({ count: 3, openedAt: { file, line: lineOf(file, 'server.close()') } })
      expect(blocked?.summary).toMatch(/^close\(\) waits for 3 connections from (127\.0\.0\.1:\d+(, )?){3}$/)
      expect(blocked?.evidence.map(({ says }) => says).filter((says) => says.includes('answered'))).toEqual(told)
    },
  )

  for (const cell of cells) {
    test(nameOf(cell), { timeout: SUITE_LIMIT_MS }, async (context) => {
      const { verdict, expected, notes, asExpected, workError, proof, findings } = await runOf(cell, context)
      // Leaky work may end in the very error it is there to show; in a fixed one it is never as expected.
      const told = workError === null ? [] : [`the work threw: ${workError}`]
      expect({ verdict, notes, asExpected }).toEqual({ verdict: expected?.verdict, notes: told, asExpected: true })
      // A cause that was let go of, and the effect stays: that would be no proof.
      // A file that the work opened is not ours to close, so it stays.
      if (proof !== null && findings.every(({ code }) => code !== 'FILE_LEFT_OPEN')) expect(proof.baselineInMs).not.toBeNull()
    })
  }
})

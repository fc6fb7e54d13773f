import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Judging } from '../model/config.ts'
import type { RunRecord } from '../model/run-record.ts'
import { liveProcess } from '../subjects/run-id.ts'
import { discoverScenarios } from './discover.ts'
import { runSuite } from './suite.ts'

const DOOR = pathToFileURL(fileURLToPath(new URL('../index.ts', import.meta.url))).href
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'watertight-run-test-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs one scenario whose clean work is `body`, in a child, as the command line would. */
async function runWork(name: string, body: string, workTimeoutMs: number, after = '', own?: Judging): Promise<RunRecord> {
  const place = mkdtempSync(join(folder, `${name}-`))
  const file = join(place, 'process', `${name}.ts`)
  const text = [
    `import { defineScenario } from '${DOOR}'`,
    `const defined = defineScenario({ name: '${name}', idleTimeoutMs: 300, work: async (context) => {`,
    body,
    '} })',
    'export default defined',
    after,
  ].join('\n')
  mkdirSync(join(place, 'process'))
  writeFileSync(file, text)
  return runSuite({
    scenarios: (await discoverScenarios(place)).map((loaded) => ({ ...loaded, ...(own && { own }) })),
    variants: ['fixed'],
    backends: ['embedded'],
    url: null,
    iterations: 1,
    workTimeoutMs,
    idleTimeoutMs: null,
    docker: false,
    bail: false,
    signal: new AbortController().signal,
    onEvent: () => {},
  })
}

test('a child whose event loop is blocked is judged hung within its bound', async () => {
  const begun = performance.now()
  const { runs } = await runWork('blocked', 'for (;;) {}', 500)
  expect(runs[0]).toMatchObject({ verdict: 'leaked', findings: [{ code: 'WORK_HUNG', severity: 'starvation' }] })
  expect(runs[0]?.findings[0]?.summary).toContain('event loop does not answer')
  // 0.5 s of work timeout, 2 s for the first missing answer, 0.5 s for the second look; the rest is starting and ending.
  expect(performance.now() - begun).toBeLessThan(10_000)
})

test('a child that ends in mid-work is inconclusive, and says how it ended', async () => {
  const { runs } = await runWork('crash', 'process.exit(7)', 5_000)
  expect(runs[0]).toMatchObject({ verdict: 'inconclusive', asExpected: false })
  expect(runs[0]?.notes.join(' ')).toContain('exit code 7')
})

test('a child that floods its output is judged like any other', async () => {
  const { runs } = await runWork('flood', "for (let i = 0; i < 2_000; i += 1) process.stdout.write('x'.repeat(65_536))", 20_000)
  expect(runs[0]).toMatchObject({ verdict: 'clean', asExpected: true })
})

test('a scenario that does not load in its child fails with what the child said', async () => {
  const onlyInTheChild = "if (process.env.WATERTIGHT_RUN_ID) throw new Error('no licence on this machine')"
  await expect(runWork('broken', '', 1_000, onlyInTheChild)).rejects.toThrow(/did not start: no licence on this machine/)
})

test('work that throws is not as expected, and is judged all the same', async () => {
  const { runs } = await runWork('throws', "throw new Error('no such bucket')", 5_000)
  expect(runs[0]).toMatchObject({ verdict: 'clean', asExpected: false, workError: 'Error: no such bucket' })
})

test('work that says that this machine cannot run it is skipped, with its reason and remedy', async () => {
  const missing = "Object.assign(new Error('no such package\\n  remedy: install it'), { name: 'ScenarioUnavailable' })"
  const { runs, skipped } = await runWork('elsewhere', `throw ${missing}`, 5_000)
  expect(runs).toEqual([])
  expect(skipped).toMatchObject([{ scenario: 'elsewhere', variant: 'fixed', reason: 'no such package', remedy: 'install it' }])
})

test('a timer left by the work is named at its line', async () => {
  const { runs } = await runWork('timer', 'setInterval(() => {}, 1_000)', 5_000)
  expect(runs[0]).toMatchObject({ verdict: 'leaked', findings: [{ code: 'TIMER_LEFT', openedAt: { line: 3 } }] })
})

test('what the configuration of its writer allows is not a leak, and its contract holds where the scenario has none', async () => {
  const own: Judging = { idleTimeoutMs: 150, allow: [{ code: 'TIMER_LEFT', because: 'a heartbeat' }] }
  const { runs } = await runWork('allowed', 'setInterval(() => {}, 1_000)', 5_000, '', own)
  expect(runs[0]).toMatchObject({ verdict: 'clean', asExpected: true, deadlineMs: 300 })
  const { runs: silent } = await runWork(
    'silent',
    'setInterval(() => {}, 1_000)',
    5_000,
    'Object.assign(defined, { idleTimeoutMs: null })',
    own,
  )
  expect(silent[0]).toMatchObject({ verdict: 'clean', deadlineMs: 150 })
})

test('what the work has measured is in the record, and a contract of the variant’s own goes before that of the scenario', async () => {
  const own = 'Object.assign(defined.cases[""].fixed, { idleTimeoutMs: 200 })'
  const { runs } = await runWork('measures', "context.measured('3 of 3'); context.onlyWaits(); context.measured('and more')", 5_000, own)
  expect(runs[0]).toMatchObject({ verdict: 'clean', deadlineMs: 200, measured: ['3 of 3', 'and more'] })
})

test('no child is left when the suite returns', async () => {
  const { runs } = await runWork('leaves-pid', "throw new Error('pid ' + process.pid)", 5_000)
  const pid = Number(/pid (\d+)/.exec(runs[0]?.workError ?? '')?.[1])
  expect(pid).toBeGreaterThan(1)
  expect(liveProcess(pid)).toBeNull()
})

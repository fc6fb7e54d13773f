/** The door is tried as a user meets it: vitest runs the files of fixtures/guarded in a process of its own, and its reports are read. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { guardSuite } from './index.ts'

const ROOT = join(import.meta.dirname, '../../..')
const GUARDED = join(ROOT, 'fixtures/guarded')
const PATIENCE_MS = 90_000

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly { readonly title: string; readonly status: string; readonly failureMessages: readonly string[] }[]
  }[]
}
interface Run {
  readonly exitCode: number
  readonly report: Report
  readonly junit: string
}

let folder = ''
async function runVitest(cases: string, env: NodeJS.ProcessEnv = {}, ...more: string[]): Promise<Run> {
  const out = await mkdtemp(join(folder, 'run-'))
  const args = ['run', '--config', join(GUARDED, 'vitest.config.ts'), '--reporter=json', '--reporter=junit', ...more]
  const files = [`--outputFile.json=${join(out, 'json')}`, `--outputFile.junit=${join(out, 'junit')}`]
  const exitCode = await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args, ...files], {
    cwd: ROOT,
    timeout: PATIENCE_MS,
    env: { ...process.env, GUARDED_CASES: cases, ...env },
  }).then(
    () => 0,
    ({ code }: { readonly code: number }) => code,
  )
  const read = (name: string): Promise<string> => readFile(join(out, name), 'utf8')
  return { exitCode, report: JSON.parse(await read('json')) as Report, junit: await read('junit') }
}

/** `pass`, `skip`, or the first line of each failure that says something, with codes and places. */
function outcomes({ report }: Run, file: string): Readonly<Record<string, string>> {
  const result = report.testResults.find(({ name }) => name.endsWith(file))
  if (result === undefined) throw new Error(`${file} was not run`)
  const tests = result.assertionResults.map(({ title, status, failureMessages }) => [
    title,
    status === 'failed' ? failureMessages.map(gist).join(' | ') : status,
  ])
  return Object.fromEntries(result.message === '' ? tests : [...tests, ['(the file)', gist(result.message)]])
}

function gist(message: string): string {
  const found = [...message.matchAll(/^ +([A-Z0-9_]+ x\d+) opened at (\S+)/gm)].map(
    ([, code, place = '']) => `${code} ${relative('fixtures/guarded', place)}`,
  )
  return found.length > 0 ? found.join(', ') : (message.split('\n')[0] ?? '')
}

/** The lines of a case marked `// leaks here`, as `file:line`. */
async function marked(file: string): Promise<readonly string[]> {
  const lines = (await readFile(join(GUARDED, file), 'utf8')).split('\n')
  return lines.flatMap((line, index) => (line.endsWith('// leaks here') ? `${file}:${index + 1}` : []))
}

/** Where the cases leak. */
const place = {
  asked: (await marked('photos.ts'))[0],
  leaky: await marked('leaky.case.ts'),
  hooks: await marked('hooks-left.case.ts'),
  nested: await marked('nested.case.ts'),
  concurrent: await marked('concurrent.case.ts'),
  alone: await marked('unguarded.alone.ts'),
  outOfTime: await marked('out-of-time.alone.ts'),
}

let guarded: Run
let threads: Run
let alone: Run
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watertight-guarded-'))
  ;[guarded, threads, alone] = await Promise.all([
    runVitest('*.case.ts'),
    runVitest('{clean.case,judged.thread,neighbour.thread}.ts', {}, '--pool=threads', '--no-isolate', '--maxWorkers=3'),
    runVitest('*.alone.ts', { GUARDED_SETUP: 'none' }),
  ])
}, PATIENCE_MS)
afterAll(() => rm(folder, { recursive: true, force: true }))

const PASSED = 'passed'

test('the run fails when a test leaks, also without the setup file', () => {
  expect([guarded.exitCode, alone.exitCode]).toEqual([1, 1])
})

test('a leak is told within the time vitest gives a test, and a look that runs out of a shorter one stands in nobody’s way', () => {
  expect(outcomes(alone, 'out-of-time.alone.ts')).toEqual({
    'a leak is told before a test has run out of time': `TIMER_LEFT x1 ${place.outOfTime[0]}`,
    'runs out of time while it is judged': 'TestTimeoutError: Test timed out in 300ms.',
    'and the next may look all the same': PASSED,
  })
})

describe('a guarded file', () => {
  test('with nothing left open passes: hooks, shared pools, fixtures, fake timers, skipped and failing bodies', () => {
    const all = Object.entries(outcomes(guarded, 'clean.case.ts'))
    expect(all).toHaveLength(12)
    expect(all.filter(([, outcome]) => outcome !== PASSED)).toEqual([['skips itself', 'skipped']])
  })

  test('fails for each test that leaves something, and for no other', () => {
    expect(outcomes(guarded, 'leaky.case.ts')).toEqual({
      'reads the body': PASSED,
      'UNREAD_BODY of node:http': `UNREAD_BODY x1 ${place.asked}`,
      'reads the body again': PASSED,
      'UNREAD_BODY of fetch': `UNREAD_BODY x1 ${place.leaky[0]}`,
      TIMER_LEFT: `TIMER_LEFT x1 ${place.leaky[1]}`,
      SERVER_LEFT_LISTENING: `SERVER_LEFT_LISTENING x1 ${place.leaky[2]}`,
      SOCKET_LEFT_OPEN: `SOCKET_LEFT_OPEN x1 ${place.leaky[3]}`,
      CLIENT_PER_CALL: `CLIENT_PER_CALL x3 ${place.asked}`,
      computes: PASSED,
    })
  })

  test('is not accused of what a failing or timed-out body left, or goes on doing', () => {
    expect(outcomes(guarded, 'failing.case.ts')).toEqual({
      'fails before it has read the body': expect.stringMatching(/^AssertionError: expected 200/),
      'times out, and goes on behind our back': 'TestTimeoutError: Test timed out in 100ms.',
      'is clean all the same': PASSED,
    })
  })

  test('fails itself, once, for what its hooks left', () => {
    const [line] = place.hooks
    const expected = { computes: PASSED, 'computes again': PASSED, '(the file)': `SERVER_LEFT_LISTENING x1 ${line}` }
    expect(outcomes(guarded, 'hooks-left.case.ts')).toEqual(expected)
  })

  test('fails itself, once, for a pool that its tests share', () => {
    const expected = { 'asks, turn 1': PASSED, 'asks, turn 2': PASSED, '(the file)': `IDLE_PAST_DEADLINE x1 ${place.asked}` }
    expect(outcomes(guarded, 'pool-left.case.ts')).toEqual(expected)
  })

  test('lets its tests leave what they give a reason for, and refuses an exemption without one', () => {
    expect(outcomes(guarded, 'excused.case.ts')).toEqual({
      'may leave anything': PASSED,
      'hands the reason down': PASSED,
      'may leave timers': PASSED,
      'says while it runs what may stay': PASSED,
      'gives no reason': 'HarnessError: meta.allowLeaks is empty: it needs the reason',
      'gives an empty one': expect.stringMatching(/^HarnessError: invalid option: `allow\[0\]\.because` is ''.* it takes a reason/),
      'gives none while it runs': PASSED,
      'allows something else': expect.stringContaining('TIMER_LEFT x1 excused.case.ts'),
    })
  })

  test('judges what a test of its own leaves of what it asked about', () => {
    expect(outcomes(guarded, 'nested.case.ts')).toEqual({
      'passes the matcher': PASSED,
      'passes the matcher turned round, and lets go afterwards': PASSED,
      'asks, and lets go afterwards': PASSED,
      'asks, and forgets to let go': `TIMER_LEFT x1 ${place.nested[0]}`,
      'fails the matcher': `TIMER_LEFT x1 ${place.nested[1]}`,
    })
  })

  test('tells concurrent tests apart', () => {
    expect(outcomes(guarded, 'concurrent.case.ts')).toEqual({
      'reads, turn 1': PASSED,
      'forgets a body': `UNREAD_BODY x1 ${place.asked}`,
      'forgets a timer': `TIMER_LEFT x1 ${place.concurrent[0]}`,
      'forgets a socket': `SOCKET_LEFT_OPEN x1 ${place.concurrent[1]}`,
      'reads, turn 2': PASSED,
    })
  })

  test('is not accused of what the other threads of its process hold', () => {
    expect(outcomes(threads, 'clean.case.ts')).toEqual(outcomes(guarded, 'clean.case.ts'))
    expect(outcomes(threads, 'judged.thread.ts')).toEqual({ 'opens nothing': PASSED })
    expect(outcomes(threads, 'neighbour.thread.ts')).toEqual({ 'holds a connection while the other thread is judged': PASSED })
  })

  test('is told by JUnit as well, the leak as the failure of its test', () => {
    const [, failure] = /<testcase [^>]*name="TIMER_LEFT"[^>]*>\s*<failure message="([^"]*)" type="([^"]*)"/.exec(guarded.junit) ?? []
    expect(failure).toContain('TIMER_LEFT x1 opened at fixtures/guarded/leaky.case.ts')
    expect(guarded.junit).toMatch(/<testsuite name="fixtures\/guarded\/hooks-left.case.ts"[^>]* failures="1"/)
  })
})

test('the leaks fixture watches the tests that take it, and no other', () => {
  expect(outcomes(alone, 'unguarded.alone.ts')).toEqual({
    'is not watched': PASSED,
    'does not take the fixture': PASSED,
    'takes the fixture, and is clean': PASSED,
    'takes the fixture, and leaks': `TIMER_LEFT x1 ${place.alone[0]}`,
  })
})

describe('guardSuite', () => {
  test('refuses what the runner decides, and unknown options', () => {
    const refused = { iterations: 3 } as object
    expect(() => guardSuite(refused)).toThrow('guardSuite takes no iterations: the runner runs a test once (its own option is repeats)')
    expect(() => guardSuite({ idleTimeout: 5 } as object)).toThrow(/`idleTimeout` .*idleTimeoutMs/)
  })
})

describe('toReturnToBaseline', () => {
  test('refuses anything but a function', async () => {
    await expect(expect(Promise.resolve()).toReturnToBaseline()).rejects.toThrow('toReturnToBaseline runs a function, and was given object')
  })

  test('throws what the function throws', async () => {
    await expect(expect(() => Promise.reject(new TypeError('mine'))).toReturnToBaseline()).rejects.toThrow(new TypeError('mine'))
  })
})

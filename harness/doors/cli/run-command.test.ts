import { EventEmitter, once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { BackendUnavailable, HarnessError } from '../../model/errors.ts'
import { fakeOutput, fakeRecord, fakeRun, invoke, MINIO_SKIPPED } from './fake-world.ts'

const KEY = { scenario: 'article-batch-copy', case: null, variant: 'fixed', backend: 'embedded' } as const
const RECORD = fakeRecord([fakeRun()], [MINIO_SKIPPED])

describe('what a run prints', () => {
  test('is the report on stdout, progress on stderr, and text, JSON and a page in reports/out', async () => {
    const { code, stdout, stderr, files } = await invoke(['run'], { record: RECORD })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^clean {2}article-batch-copy \(fixed\)/)
    expect(stderr).toMatch(/^2 runs of 1 scenario.*\nreport: reports\/out\/run\.txt, reports\/out\/run\.json, reports\/out\/run\.html\n$/s)
    expect(Object.keys(files)).toEqual(['reports/out/run.html', 'reports/out/run.json', 'reports/out/run.txt'])
    expect(files['reports/out/run.txt']).toBe(stdout)
    expect(JSON.parse(files['reports/out/run.json'] ?? '')).toMatchObject({ schema: 'watertight/run@1', totals: { runs: 1 } })
  })

  test('is exactly one JSON document with --json, and only the files --reporter names', async () => {
    const { stdout, files } = await invoke(['run', '--json', '--reporter', 'json', '--output', 'elsewhere'], { record: RECORD })
    expect(files).toEqual({ 'elsewhere/run.json': stdout })
    expect(JSON.parse(stdout).skipped).toEqual([MINIO_SKIPPED])
  })

  test('is a page that names the run, and JUnit for CI, where --reporter asks for them', async () => {
    const { files } = await invoke(['run', '--reporter', 'html,junit'], { record: RECORD })
    expect(Object.keys(files)).toEqual(['reports/out/junit.xml', 'reports/out/run.html'])
    expect(files['reports/out/run.html']).toMatch(/^<!doctype html>[\s\S]*article-batch-copy \(fixed\)/)
    expect(files['reports/out/junit.xml']).toContain('<testcase classname="watertight.article-batch-copy" name="fixed on embedded"')
  })

  test('has colour when it is forced, in a pipe too, and never in the file', async () => {
    const { stdout, files } = await invoke(['run'], { record: RECORD, env: { FORCE_COLOR: '1' } })
    expect(stdout).toContain('\u001b[')
    expect(files['reports/out/run.txt']).not.toContain('\u001b[')
  })

  test.each([
    [{ TERM: 'xterm-256color' }, true],
    [{ TERM: 'xterm-256color', NO_COLOR: '1' }, false],
    [{ TERM: 'dumb' }, false],
  ])('on a terminal with %o has colour: %s', async (env, isColoured) => {
    const { stdout } = await invoke(['run'], { record: RECORD, env, stdout: fakeOutput({ isTTY: true, columns: 100 }) })
    expect(stdout.includes('\u001b[')).toBe(isColoured)
  })

  test('says how much was left unjudged when the suite stopped early', async () => {
    const { stdout } = await invoke(['run', '--bail'], {
      dependencies: {
        runSuite: async ({ onEvent }) => {
          onEvent({ type: 'planned', runs: [KEY, { ...KEY, variant: 'leaky' }, { ...KEY, backend: 'minio' }] })
          onEvent({ type: 'judged', key: KEY, run: fakeRun() })
          onEvent({ type: 'ended', stopped: 'stopped early' })
        },
      },
    })
    expect(stdout).toMatch(/^STOPPED EARLY: 1 of 3 runs were judged\n\n/)
  })

  test('names what a killed run had left', async () => {
    const { stderr } = await invoke(['run'], { dependencies: { sweep: async () => ['process 42', 'container ab12'] } })
    expect(stderr).toMatch(/^swept what a killed run had left: process 42, container ab12\n/)
  })

  test('goes on when the sweep fails, and says so', async () => {
    const sweep = async (): Promise<never> => {
      throw new Error('engine went away')
    }
    const { code, stderr } = await invoke(['run'], { dependencies: { sweep } })
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('could not sweep what a killed run may have left: engine went away\n'),
    })
  })

  test('is not there for a reader that went away, and the verdict still counts', async () => {
    const stdout = fakeOutput()
    stdout.on('error', () => {})
    stdout._write = (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    const leaked = fakeRecord([fakeRun({ verdict: 'leaked', asExpected: false })])
    expect(await invoke(['run'], { stdout, record: leaked })).toMatchObject({ code: 1 })
  })

  test('cannot be lost in silence: a full disk behind stdout is an error', async () => {
    const stdout = fakeOutput()
    stdout.on('error', () => {})
    stdout._write = (_chunk, _encoding, done) => done(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }))
    const { code, stderr } = await invoke(['run'], { stdout, record: RECORD })
    expect(code).toBe(3)
    expect(stderr).toContain('stdout cannot be written to: ENOSPC: no space left')
  })
})

describe('a required part that is missing', () => {
  test.each([
    [['run'], {}, 0],
    [['run', '--require', 'minio'], {}, 2],
    [['run', '--require', 'embedded'], {}, 0],
    [['run', '--backend', 'minio'], {}, 2],
    [['run'], { WATERTIGHT_REQUIRE_DOCKER: '1' }, 2],
    [['run'], { WATERTIGHT_REQUIRE_DOCKER: '0' }, 0],
  ])('%j with %o exits %i', async (commandLine, env, code) => {
    expect((await invoke(commandLine, { record: RECORD, env })).code).toBe(code)
  })
})

describe('a suite that cannot go on', () => {
  test.each([
    [new BackendUnavailable('no container engine', 'install one'), 2],
    [new HarnessError('BACKEND_FAILED', 'the backend at http://127.0.0.1:9 refuses connections', 'start it'), 2],
    [new HarnessError('INVALID_SCENARIO', 'it has no name', 'name it'), 3],
  ])('%s', async (error, code) => {
    const runSuite = async (): Promise<never> => {
      throw error
    }
    const answer = await invoke(['run', '--json'], { dependencies: { runSuite } })
    expect(answer).toMatchObject({ code, stdout: '', stderr: `watertight: ${error.message}\n` })
  })

  test('names the attempts behind an error, and keeps the stack of what nobody foresaw', async () => {
    const attempts = new AggregateError([new Error('socket: ENOENT'), new Error('tcp: refused')], 'no runtime')
    const runSuite = async (): Promise<never> => {
      throw new TypeError('x is undefined', { cause: attempts })
    }
    const { code, stderr } = await invoke(['run'], { dependencies: { runSuite } })
    expect(code).toBe(2)
    expect(stderr).toMatch(/please report it.*\n {2}TypeError: x is undefined\n {6}at /)
    expect(stderr).toMatch(/\n {2}cause: no runtime\n {2}cause: socket: ENOENT\n {2}cause: tcp: refused\n$/)
  })
})

describe('a signal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s stops the suite, reports what was judged and exits %i', async (signal, code) => {
    const signals = new EventEmitter()
    const answer = await invoke(['run'], {
      signals,
      dependencies: {
        runSuite: async (request) => {
          request.onEvent({ type: 'planned', runs: [KEY, { ...KEY, variant: 'leaky' }] })
          const aborted = once(request.signal, 'abort')
          request.onEvent({ type: 'judged', key: KEY, run: fakeRun() })
          signals.emit(signal)
          await aborted
          request.onEvent({ type: 'ended', stopped: `interrupted by ${signal}` })
        },
      },
    })
    expect(answer).toMatchObject({ code, exits: [] })
    expect(answer.stderr).toContain(`${signal}: stopping`)
    expect(answer.stdout).toMatch(new RegExp(`^INTERRUPTED by ${signal}: 1 of 2 runs were judged\n\nclean `))
    expect(Object.keys(answer.files)).toContain('reports/out/run.json')
    expect(signals.eventNames()).toEqual([])
  })

  test('a second one ends the process at once', async () => {
    const signals = new EventEmitter()
    const { exits } = await invoke(['run'], {
      signals,
      dependencies: {
        runSuite: async () => {
          signals.emit('SIGINT')
          signals.emit('SIGINT')
        },
      },
    })
    expect(exits).toEqual([130])
  })

  test('with --json stdout is still one document, and stderr says that it is not all', async () => {
    const signals = new EventEmitter()
    const { code, stdout, stderr } = await invoke(['run', '--json'], {
      signals,
      dependencies: {
        runSuite: async ({ onEvent }) => {
          onEvent({ type: 'planned', runs: [KEY, { ...KEY, variant: 'leaky' }] })
          onEvent({ type: 'judged', key: KEY, run: fakeRun() })
          signals.emit('SIGTERM')
          onEvent({ type: 'ended', stopped: 'interrupted by SIGTERM' })
        },
      },
    })
    expect(code).toBe(143)
    const reason = 'interrupted by SIGTERM: 1 of 2 runs were judged'
    expect(JSON.parse(stdout)).toMatchObject({ totals: { runs: 1, skipped: 1 }, skipped: [{ ...KEY, variant: 'leaky', reason }] })
    expect(stderr).toContain('INTERRUPTED by SIGTERM: ')
  })
})

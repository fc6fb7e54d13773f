/** `watertight exec` on real programs that never heard of it, and end or hang. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RunRecord } from '../../model/run-record.ts'
import { liveProcess } from '../../subjects/run-id.ts'
import { ALONE, BIN, exec, HIDDEN, JOB, judged, lineOf, servePhotos, UNDICI } from './exec-programs.ts'

const photos = servePhotos()

describe('a program that ends', () => {
  test('is named at the line whose bodies it forgot, and its output is untouched', async () => {
    const { code, stdout, stderr } = await exec('--', 'node', 'job.mjs', photos.url)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '200\n200\n200\n' })
    expect(stderr).toContain(`opened at job.mjs:${lineOf(JOB, 'http.get')} in `)
    expect(stderr).toMatch(/^leaked .* 3 bodies unread$/m)
  })

  test('and reads what it asks for is clean', async () => {
    const { code, stdout, stderr } = await exec('--', 'node', 'job.mjs', photos.url, 'reads')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '200\n200\n200\n' })
    expect(stderr).toMatch(/^clean {2}node job\.mjs .* nothing left$/m)
  })

  test('that asks with the request() of undici is judged by what it leaves in its sockets', async () => {
    const undici = import.meta.resolve('undici')
    const { code, stderr } = await exec('--', 'node', 'undici.mjs', photos.url, undici)
    expect(stderr).toContain(`undici.mjs:${lineOf(UNDICI, 'await request(')}`)
    expect({ code, said: /leaked {2}.*2 bodies unread/.test(stderr) }).toEqual({ code: 1, said: true })
    expect(await exec('--', 'node', 'undici.mjs', photos.url, undici, 'reads')).toMatchObject({ code: 0 })
  })

  test('whose undici hides who asked, behind an Agent of Node’s own, is told its bodies alike, and of no request that waits', async () => {
    const undici = import.meta.resolve('undici')
    const { code, stderr } = await exec('--', 'node', 'hidden.mjs', photos.url, undici)
    expect(stderr).toContain(`hidden.mjs:${lineOf(HIDDEN, 'await request(')}`)
    expect({ code, said: /leaked {2}.*2 bodies unread/.test(stderr) }).toEqual({ code: 1, said: true })
    expect(await exec('--', 'node', 'hidden.mjs', photos.url, undici, 'reads')).toMatchObject({ code: 0 })
  })

  test.each(['its Agent', 'no Agent', 'fetch'])('right after it has asked, by %s, waits for nobody’s connection', async (by) => {
    expect(await exec('--', 'node', 'beacon.mjs', photos.url, by)).toMatchObject({ code: 0 })
  })

  test.each([
    ['one by one', 1],
    ['at once', 2],
  ])('that calls a server of its own (%s) is a job, not a service', async (manner, count) => {
    const { code, stderr } = await exec('--', 'node', 'alone.mjs', manner)
    expect(stderr).toContain(`UNREAD_BODY  x${count}`)
    expect(stderr).toContain(`alone.mjs:${lineOf(ALONE, 'await Promise.all')}`)
    expect(code).toBe(1)
    expect(await exec('--', 'node', 'alone.mjs', manner, 'reads')).toMatchObject({ code: 0 })
  })

  test('with a code of its own keeps it', async () => {
    expect(await exec('--', 'node', '-e', 'process.exit(7)')).toMatchObject({ code: 7 })
  })

  test('with a code of its own in one of several runs keeps it, and that run is named', async () => {
    const once = 'try { fs.mkdirSync("been-here") } catch { process.exit(5) }'
    const { code, stderr } = await exec('--repeat', '2', '--', 'node', '-e', once)
    expect({ code, last: stderr.trimEnd().split('\n').at(-1) }).toEqual({ code: 5, last: 'run 2 ended with code 5: 5 is the exit code' })
  })

  test('of a signal that is not ours is told as a shell would', async () => {
    expect(await exec('--', 'node', '-e', 'process.kill(process.pid, "SIGKILL")')).toMatchObject({ code: 137 })
  })

  test('under an await that never settles hangs', async () => {
    const { code, run } = await judged('--', 'node', '--input-type=module', '-e', 'await new Promise(() => {})')
    expect({ code, codes: run.findings.map((finding) => finding.code) }).toEqual({ code: 1, codes: ['WORK_HUNG'] })
  })

  test.each([
    ['process.exit(13)'],
    ['process.exitCode = 13'],
    ["process.once('beforeExit', () => setTimeout(() => process.exit(13), 10))"],
  ])('with a 13 of its own has that code: %s', async (program) => {
    expect(await judged('--', 'node', '-e', program)).toMatchObject({ code: 13, run: { verdict: 'clean' } })
  })

  test('with a 13 of whoever started it has that code', async () => {
    expect(await judged('--', 'sh', '-c', 'node -e 0; exit 13')).toMatchObject({ code: 13, run: { verdict: 'clean' } })
  })

  test('leaves no process behind, also one it let go of', async () => {
    const program = `const child = require('node:child_process').spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
      child.unref(); console.log(child.pid)`
    const { code, stdout } = await exec('--', 'node', '-e', program)
    expect({ code, alive: liveProcess(Number(stdout)) }).toEqual({ code: 0, alive: null })
  })

  test('without Node in it cannot be judged', async () => {
    expect(await exec('--', 'true')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no Node process of the command told anything'),
    })
  })

  test('judged again and again is judged the same', async () => {
    const { code, stdout } = await exec('--json', '--repeat', '2', '--', 'node', 'job.mjs', photos.url)
    const { runs } = JSON.parse(stdout) as RunRecord
    expect({ code, cases: runs.map((run) => [run.case, run.verdict]) }).toEqual({
      code: 1,
      cases: [
        ['run 1', 'leaked'],
        ['run 2', 'leaked'],
      ],
    })
  })
})

describe('a program that hangs', () => {
  test('is not one that listens: it is ended after --timeout, and nothing was judged', async () => {
    const started = performance.now()
    const { code, run } = await judged('--timeout', '1s', '--', 'node', 'service.mjs', photos.url)
    expect({ code, verdict: run.verdict, notes: run.notes }).toEqual({
      code: 2,
      verdict: 'inconclusive',
      notes: [expect.stringContaining('nobody called it')],
    })
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  test('for an interval is named at the line of the interval, and explained when asked', async () => {
    const { code, run, stderr } = await judged('--timeout', '1s', '--explain', '--', 'node', 'hang.mjs')
    expect({ code, finding: run.findings[0] }).toMatchObject({
      code: 1,
      finding: { code: 'WORK_HUNG', openedAt: { file: 'hang.mjs', line: 2 } },
    })
    expect(stderr).toMatch(/1 handle\(s\) keeping the process running\.\n\n# Timeout\nhang\.mjs:2 - setInterval/)
  })

  test.for([
    [['spins.mjs'], { file: 'spins.mjs', line: 2, function: 'untilReady' }],
    // Code of no file has no line to name.
    [['-e', 'for (;;);'], null],
  ] as const)('in a loop that never ends is told from one that waits, and named by its line: %j', async ([args, openedAt]) => {
    const { code, run } = await judged('--timeout', '3s', '--', 'node', ...args)
    expect({ code, codes: run.findings.map((finding) => finding.code), finding: run.findings[0] }).toMatchObject({
      code: 1,
      codes: ['WORK_HUNG'],
      finding: { summary: expect.stringContaining('its event loop does not answer'), openedAt },
    })
  })

  test('behind unread bodies is judged after two seconds that nothing moves', async () => {
    const { code, run, stderr } = await judged('--', 'node', 'starve.mjs', photos.url)
    expect({ code, blockedAtRequest: run.blockedAtRequest, codes: run.findings.map((finding) => finding.code) }).toEqual({
      code: 1,
      blockedAtRequest: 3,
      codes: ['UNREAD_BODY', 'POOL_STARVED', 'WORK_HUNG'],
    })
    expect(stderr).toContain('run again with --explain')
  })
})

test('without a temporary folder that can be written to, it is named with its remedy', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'watertight-exec-'))
  onTestFinished(() => rmSync(cwd, { recursive: true }))
  const TMPDIR = join(cwd, 'gone')
  const child = spawn(process.execPath, [BIN, 'exec', '--', process.execPath, '-e', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TMPDIR },
  })
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  expect(code).toBe(2)
  expect(stderr).toContain(`watertight: the temporary folder ${TMPDIR} cannot be written to: ENOENT`)
  expect(stderr).toContain('\n  remedy: set TMPDIR to ')
})

describe('misuse', () => {
  test.each([
    [['--', 'no-such-program'], "'no-such-program' cannot be started"],
    [['--load', 'http://10.0.0.1/', '--', 'node', 'job.mjs'], 'is not a loopback address'],
    [['--load', 'health', '--', 'node', 'job.mjs'], 'which is neither a path nor an http URL'],
    [['--ready', '/', '--', 'node', 'job.mjs'], '--ready is about the load, and there is no --load'],
    [['--connections', '5', '--', 'node', 'job.mjs'], '--connections is about the load, and there is no --load'],
    [['--duration', '5s', '--', 'node', 'job.mjs'], '--duration is about the load, and there is no --load'],
    [['--idle-after', '1', '--', 'node', 'job.mjs'], 'a number without a unit'],
    [[], "missing required argument 'command'"],
  ])('%j is refused with 3', async (words, complaint) => {
    expect(await exec(...words)).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining(complaint) })
  })
})

/** `watertight exec` on real programs that never heard of it. Over 250 lines because each claim carries the program it is made of. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { RunRecord, ScenarioRun } from '../../model/run-record.ts'
import { liveProcess } from '../../subjects/run-id.ts'

const BIN = fileURLToPath(new URL('bin.ts', import.meta.url))
/** Above what any client reads for you. */
const photos = createServer((_, response) => response.end(Buffer.alloc(1_000_000)))
// No Keep-Alive header: a pool of it has no idle timeout but its own.
photos.keepAliveTimeout = 0
let url = ''
beforeAll(async () => {
  await once(photos.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(photos.address() as AddressInfo).port}/photos/1`
})
afterAll(() => void photos.close().closeAllConnections())

const JOB = `import http from 'node:http'
const [url, reads] = process.argv.slice(2)

async function statusOf(url) {
  const response = await new Promise((resolve) => http.get(url, resolve))
  if (reads === 'reads') response.resume()
  return response.statusCode
}

for (let n = 0; n < 3; n += 1) console.log(await statusOf(url))
`

/** undici's own API on its global dispatcher, whose bodies nobody can see. */
const UNDICI = `const [url, undici, reads] = process.argv.slice(2)
const { request } = await import(undici)
for (let n = 0; n < 2; n += 1) {
  const { body } = await request(url)
  if (reads === 'reads') await body.text()
}
`

/** The same where Node's own undici serves it, since node:http came first; its last request is never answered, and nobody waits. */
const HIDDEN = `import 'node:http'
import { once } from 'node:events'
import { createServer } from 'node:net'
${UNDICI}const silent = createServer(() => {})
await once(silent.listen(0, '127.0.0.1'), 'listening')
request('http://127.0.0.1:' + silent.address().port).catch(() => {})
await once(silent, 'connection')
setTimeout(() => process.exit(0), 100)
`

/** Asks, and has ended before it has a connection. */
const BEACON = `import http from 'node:http'
const [url, by] = process.argv.slice(2)
if (by === 'fetch') fetch(url).catch(() => {})
else http.get(url, { agent: by === 'its Agent' ? undefined : false }).on('error', () => {})
process.exit(0)
`

/** A program of one piece: it serves itself, and ends. */
const ALONE = `import { createServer } from 'node:http'
import { once } from 'node:events'
const [manner, reads] = process.argv.slice(2)
const server = createServer((request, response) => response.end(Buffer.alloc(1_000_000)))
await once(server.listen(0, '127.0.0.1'), 'listening')
const url = 'http://127.0.0.1:' + server.address().port
const held = manner === 'at once' ? await Promise.all([fetch(url), fetch(url)]) : [await fetch(url)]
if (reads === 'reads') for (const answer of held) await answer.text()
setTimeout(() => process.exit(held.length > 0 ? 0 : 1), 300)
`

/** Forgets the body of every fifth answer, or of none; keeps a pool that nobody closes, and a timer made at the first request. */
const SERVICE = `import http from 'node:http'
const [upstream, leaks] = process.argv.slice(2)
const agent = new http.Agent({ keepAlive: true })
let served = 0
let refresh
setInterval(() => {}, 60_000)
const server = http.createServer(async (request, response) => {
  refresh ??= setInterval(() => {}, 60_000)
  served += 1
  const answer = await new Promise((resolve) => http.get(upstream, { agent }, resolve))
  if (leaks !== 'leaks' || served % 5 !== 0) answer.resume()
  response.end('ok')
})
server.listen(0, '127.0.0.1', () => console.log(String(process.pid), String(server.address().port)))
`

/** Like npm: a Node program that starts another and answers with its code. */
const WRAPPER = `import { spawn } from 'node:child_process'
spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit' }).on('exit', (code) => process.exit(code ?? 1))
`

const HANG = `// nothing here
setInterval(() => {}, 1_000)
`

const SPINS = `function untilReady(isReady) {
  while (!isReady());
}
setTimeout(() => untilReady(() => false), 1)
`

const STARVE = `import http from 'node:http'
const agent = new http.Agent({ maxSockets: 2 })
setInterval(() => {}, 60_000)
for (;;) await new Promise((resolve) => http.get(process.argv[2], { agent }, resolve))
`

/** One route answers, the other forgets to. */
const MUTE = `import http from 'node:http'
const server = http.createServer((request, response) => {
  if (request.url !== '/mute') response.end('ok')
})
server.listen(0, '127.0.0.1')
`

interface Done {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function start(words: readonly string[]) {
  const cwd = mkdtempSync(join(tmpdir(), 'watertight-test-'))
  // Its own temporary folder: what is left there is ours.
  const temporary = mkdtempSync(join(cwd, 't'))
  for (const [name, program] of Object.entries({
    job: JOB,
    alone: ALONE,
    undici: UNDICI,
    hidden: HIDDEN,
    beacon: BEACON,
    service: SERVICE,
    wrapper: WRAPPER,
    hang: HANG,
    spins: SPINS,
    starve: STARVE,
    mute: MUTE,
  }))
    writeFileSync(join(cwd, `${name}.mjs`), program)
  const child = spawn(process.execPath, [BIN, 'exec', ...words], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
    rmSync(cwd, { recursive: true, force: true })
  })
  return { child, temporary }
}

/** Runs it to its end; that nothing is left behind is checked for all. */
async function exec(...words: readonly string[]): Promise<Done> {
  const { child, temporary } = start(words)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  expect(readdirSync(temporary)).toEqual([])
  return { code, stdout, stderr }
}

async function judged(...words: readonly string[]): Promise<Done & { readonly run: ScenarioRun }> {
  const done = await exec('--json', ...words)
  const [run] = (JSON.parse(done.stdout) as RunRecord).runs
  if (run === undefined) throw new Error(`nothing was judged: ${done.stderr}`)
  return { ...done, run }
}

const lineOf = (program: string, part: string): number => program.split('\n').findIndex((line) => line.includes(part)) + 1

describe('a program that ends', () => {
  test('is named at the line whose bodies it forgot, and its output is untouched', async () => {
    const { code, stdout, stderr } = await exec('--', 'node', 'job.mjs', url)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '200\n200\n200\n' })
    expect(stderr).toContain(`opened at job.mjs:${lineOf(JOB, 'http.get')} in `)
    expect(stderr).toMatch(/^leaked .* 3 bodies unread$/m)
  })

  test('and reads what it asks for is clean', async () => {
    const { code, stdout, stderr } = await exec('--', 'node', 'job.mjs', url, 'reads')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '200\n200\n200\n' })
    expect(stderr).toMatch(/^clean {2}node job\.mjs .* nothing left$/m)
  })

  test('that asks with the request() of undici is judged by what it leaves in its sockets', async () => {
    const undici = import.meta.resolve('undici')
    const { code, stderr } = await exec('--', 'node', 'undici.mjs', url, undici)
    expect(stderr).toContain(`undici.mjs:${lineOf(UNDICI, 'await request(')}`)
    expect({ code, said: /leaked {2}.*2 bodies unread/.test(stderr) }).toEqual({ code: 1, said: true })
    expect(await exec('--', 'node', 'undici.mjs', url, undici, 'reads')).toMatchObject({ code: 0 })
  })

  test('whose undici hides who asked, behind an Agent of Node’s own, is told its bodies alike, and of no request that waits', async () => {
    const undici = import.meta.resolve('undici')
    const { code, stderr } = await exec('--', 'node', 'hidden.mjs', url, undici)
    expect(stderr).toContain(`hidden.mjs:${lineOf(HIDDEN, 'await request(')}`)
    expect({ code, said: /leaked {2}.*2 bodies unread/.test(stderr) }).toEqual({ code: 1, said: true })
    expect(await exec('--', 'node', 'hidden.mjs', url, undici, 'reads')).toMatchObject({ code: 0 })
  })

  test.each(['its Agent', 'no Agent', 'fetch'])('right after it has asked, by %s, waits for nobody’s connection', async (by) => {
    expect(await exec('--', 'node', 'beacon.mjs', url, by)).toMatchObject({ code: 0 })
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

  test('of a signal that is not ours is told as a shell would', async () => {
    expect(await exec('--', 'node', '-e', 'process.kill(process.pid, "SIGKILL")')).toMatchObject({ code: 137 })
  })

  test('under an await that never settles hangs', async () => {
    const { code, run } = await judged('--', 'node', '--input-type=module', '-e', 'await new Promise(() => {})')
    expect({ code, codes: run.findings.map((finding) => finding.code) }).toEqual({ code: 1, codes: ['WORK_HUNG'] })
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
    const { code, stdout } = await exec('--json', '--repeat', '2', '--', 'node', 'job.mjs', url)
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
    const { code, run } = await judged('--timeout', '1s', '--', 'node', 'service.mjs', url)
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
    const { code, run, stderr } = await judged('--', 'node', 'starve.mjs', url)
    expect({ code, blockedAtRequest: run.blockedAtRequest, codes: run.findings.map((finding) => finding.code) }).toEqual({
      code: 1,
      blockedAtRequest: 3,
      codes: ['UNREAD_BODY', 'POOL_STARVED', 'WORK_HUNG'],
    })
    expect(stderr).toContain('run again with --explain')
  })
})

describe('a program that serves', () => {
  /** One of the findings: what the load gives up at its end, and the service goes on asking for, may come before it. */
  const leak = expect.objectContaining({
    code: 'UNREAD_BODY',
    openedAt: expect.objectContaining({ file: 'service.mjs', line: lineOf(SERVICE, 'http.get') }),
  })

  test('is judged under load, named at the line that leaks, and gone', { timeout: 30_000 }, async () => {
    const { code, run, stderr } = await judged(
      '--load',
      '/',
      '--connections',
      '2',
      '--duration',
      '1s',
      '--idle-timeout',
      '1s',
      '--',
      'node',
      'service.mjs',
      url,
      'leaks',
    )
    expect({ code, verdict: run.verdict }).toEqual({ code: 1, verdict: 'leaked' })
    expect(run.findings).toContainEqual(leak)
    expect(run.latencyMs).not.toBeNull()
    expect(liveProcess(Number(stderr.split(' ', 1)[0]))).toBeNull()
  })

  test('and never ends a response is judged while its load still waits, at the handler', { timeout: 30_000 }, async () => {
    const { code, run } = await judged('--load', '/mute', '--connections', '3', '--duration', '20s', '--', 'node', 'mute.mjs')
    expect({ code, codes: run.findings.map((finding) => finding.code) }).toEqual({ code: 1, codes: ['RESPONSE_NEVER_ENDED', 'WORK_HUNG'] })
    const openedAt = { file: 'mute.mjs', line: lineOf(MUTE, 'createServer') }
    expect(run.findings[0]).toMatchObject({ count: 3, request: { method: 'GET', path: '/mute' }, openedAt })
    expect(run.durationMs).toBeLessThan(20_000)
  })

  test('is clean with warm pools and what it makes once', { timeout: 30_000 }, async () => {
    const { code, run } = await judged('--load', '/', '--connections', '2', '--duration', '1s', '--', 'node', 'service.mjs', url)
    expect({ code, verdict: run.verdict, findings: run.findings }).toEqual({ code: 0, verdict: 'clean', findings: [] })
  })

  test('behind a wrapper counts as well, and ends with it', { timeout: 30_000 }, async () => {
    const { code, run, stderr } = await judged(
      '--load',
      '/',
      '--connections',
      '2',
      '--duration',
      '1s',
      '--idle-timeout',
      '500ms',
      '--',
      'node',
      'wrapper.mjs',
      'service.mjs',
      url,
      'leaks',
    )
    expect(code).toBe(1)
    expect(run.findings).toContainEqual(leak)
    expect(liveProcess(Number(stderr.split(' ', 1)[0]))).toBeNull()
  })

  test('waits for whoever comes, and is judged when they have gone', { timeout: 30_000 }, async () => {
    const { child, temporary } = start(['--', 'node', 'service.mjs', url])
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const [pid, port] = String(line).trim().split(' ')
    for (let n = 0; n < 3; n += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
      expect(await answer.text()).toBe('ok')
    }
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    expect({ code, left: readdirSync(temporary), alive: liveProcess(Number(pid)) }).toEqual({ code: 0, left: [], alive: null })
    expect(stderr).toMatch(/^clean /m)
  })

  test('after one request only leaves open whether its timer is one for each', { timeout: 30_000 }, async () => {
    const { child } = start(['--json', '--', 'node', 'service.mjs', url])
    const [line] = (await once(child.stderr, 'data')) as [Buffer]
    const stdout = text(child.stdout)
    const answer = await fetch(`http://127.0.0.1:${String(line).trim().split(' ')[1]}/`, { headers: { connection: 'close' } })
    expect(await answer.text()).toBe('ok')
    const [code] = await once(child, 'close')
    const [run] = (JSON.parse(await stdout) as RunRecord).runs
    expect({ code, notes: run?.notes }).toEqual({
      code: 2,
      notes: [expect.stringContaining(`a timer made at service.mjs:${lineOf(SERVICE, 'refresh ??=')} stayed after one request`)],
    })
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is ended at %s, and what is known is told', { timeout: 30_000 }, async (signal, expected) => {
    const { child, temporary } = start(['--json', '--', 'node', 'service.mjs', url])
    const stdout = text(child.stdout)
    const [line] = (await once(child.stderr, 'data')) as [Buffer]
    child.kill(signal)
    const [code] = await once(child, 'close')
    expect({ code, left: readdirSync(temporary) }).toEqual({ code: expected, left: [] })
    expect((JSON.parse(await stdout) as RunRecord).runs).toMatchObject([
      { verdict: 'inconclusive', notes: ['interrupted before it ended, or was idle'] },
    ])
    await after(0)
    expect(liveProcess(Number(String(line).split(' ', 1)[0]))).toBeNull()
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

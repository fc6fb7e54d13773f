/** `watertight attach`, and `exec` of what Node does not run: real processes that never heard of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import { type AddressInfo, createServer as createRawServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { findContainer } from '../../../fixtures/containers/find-container.ts'
import { startMinio } from '../../../fixtures/containers/minio.ts'
import { containersHere } from '../../../fixtures/containers/needs-engine.ts'
import type { RunRecord } from '../../model/run-record.ts'
import { newRunId } from '../../subjects/run-id.ts'

const BIN = fileURLToPath(new URL('bin.ts', import.meta.url))
const containers = await containersHere()

/** `<origin> <how many> <what becomes of the body> <how it ends>`: says `ready` when all headers are there. */
const JOB = `import http from 'node:http'
const [origin, count, body, end] = process.argv.slice(2)
const agent = new http.Agent({ keepAlive: true, maxSockets: Number(count) })
const get = () => new Promise((resolve, reject) => http.get(origin, { agent }, resolve).on('error', reject))
const answers = await Promise.all(Array.from({ length: Number(count) }, get))
if (body === 'reads') for (const answer of answers) answer.resume()
console.log('ready')
setTimeout(() => process.exit(), Number(end) || 600_000)
if (end === 'blocks') await get()
`

/** Accepts nothing any more: its event loop turns in circles. */
const BLOCKED = `import http from 'node:http'
const server = http.createServer((request, response) => { for (;;); })
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`

/** Asks upstream for each request, and forgets every third body, or none. */
const SERVICE = `import http from 'node:http'
const [upstream, leaks] = process.argv.slice(2)
const agent = new http.Agent({ keepAlive: true })
let served = 0
http.createServer(async (request, response) => {
  served += 1
  const answer = await new Promise((resolve) => http.get(upstream, { agent }, resolve))
  if (leaks !== 'leaks' || served % 3 !== 0) answer.resume()
  response.end('ok')
}).listen(0, '127.0.0.1')
`

let folder = ''
let origin = ''
const large = createServer((_, response) => response.end(Buffer.alloc(1_000_000)))
large.keepAliveTimeout = 0
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'watertight-test-'))
  writeFileSync(join(folder, 'job.mjs'), JOB)
  writeFileSync(join(folder, 'blocked.mjs'), BLOCKED)
  writeFileSync(join(folder, 'service.mjs'), SERVICE)
  await once(large.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(large.address() as AddressInfo).port}/`
})
afterAll(() => {
  large.close().closeAllConnections()
  rmSync(folder, { recursive: true })
})

/** Runs until it says its first word. */
async function start(...words: readonly string[]): Promise<{ readonly child: ChildProcess; readonly pid: string; readonly said: string }> {
  const child = spawn(process.execPath, words, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [said] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer]
  return { child, pid: String(child.pid), said: String(said).trim() }
}

async function watertight(...words: readonly string[]) {
  const child = spawn(process.execPath, [BIN, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code as number, stdout, stderr }
}

async function judged(...words: readonly string[]) {
  const { code, stdout, stderr } = await watertight(...words, ...(words[0] === 'attach' ? ['--json'] : []))
  if (stdout === '') throw new Error(stderr)
  const { runs } = JSON.parse(stdout) as RunRecord
  const codes = runs.map((run) => [run.layer, run.verdict, ...run.findings.map((finding) => `${finding.code} x${finding.count}`)].join(' '))
  return { code, runs, codes }
}

/** Node itself, but nothing of ours in it: the program of another runtime. */
const foreign = (...words: readonly string[]): readonly string[] => [
  '--json',
  '--',
  'env',
  '-u',
  'NODE_OPTIONS',
  process.execPath,
  ...words,
]

describe('attach', { timeout: 60_000 }, () => {
  test('tells unread bodies of a process nobody prepared, and leaves it running', async () => {
    const { child, pid } = await start('job.mjs', origin, '5', 'held')
    const { code, runs, codes } = await judged('attach', `job=${pid}`)
    expect({ code, codes }).toEqual({ code: 1, codes: ['job leaked UNREAD_BODY x5'] })
    expect(runs[0]?.findings[0]).toMatchObject({ origin: `tcp://${new URL(origin).host}` })
    expect(child.exitCode).toBeNull()
  })

  test('holds idle connections to the deadline, and says before it that they look alike', async () => {
    const { pid } = await start('job.mjs', origin, '3', 'reads')
    const early = await judged('attach', `job=${pid}`, '--for', '1s', '--idle-timeout', '10m')
    expect({ code: early.code, verdict: early.runs[0]?.verdict, notes: early.runs[0]?.notes }).toEqual({
      code: 2,
      verdict: 'inconclusive',
      notes: expect.arrayContaining([expect.stringContaining('from outside these look alike')]),
    })
    expect((await judged('attach', `job=${pid}`, '--idle-timeout', '1s')).codes).toEqual(['job leaked IDLE_PAST_DEADLINE x3'])
  })

  test('of one who waits for its first answer says so, neither that nothing is left nor that it idles', async () => {
    const accepted: Socket[] = []
    const mute = createRawServer((socket) => void accepted.push(socket.on('error', () => {}).resume())).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const { port } = mute.address() as AddressInfo
    const { pid } = await start('-e', `fetch('http://127.0.0.1:${port}/').catch(() => {}); setTimeout(() => console.log('asked'), 500)`)
    // Young for the deadline when all else would be decided.
    const { code, codes } = await judged('attach', `job=${pid}`, '--idle-timeout', '6s')
    for (const socket of accepted) socket.destroy()
    await new Promise((resolve) => mute.close(resolve))
    expect({ code, codes }).toEqual({ code: 2, codes: ['job inconclusive'] })
  })

  test('that is interrupted has not looked for as long as it takes', async () => {
    // It has nothing that could be undecided.
    const { pid } = await start('-e', `setInterval(() => {}, 1_000); console.log('here')`)
    const child = spawn(process.execPath, [BIN, 'attach', `job=${pid}`, '--for', '60s', '--json'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    setTimeout(() => child.kill('SIGINT'), 2_500)
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
    expect({ code, verdict: (JSON.parse(stdout) as RunRecord).runs[0]?.verdict }).toEqual({ code: 130, verdict: 'inconclusive' })
  })

  test('of both ends of a connection counts it once, at the end that opened it', async () => {
    const { pid } = await start('job.mjs', origin, '4', 'held')
    const { codes, runs } = await judged('attach', `client=${pid}`, `server=${process.pid}`)
    expect(codes).toEqual(['client leaked UNREAD_BODY x4', expect.stringMatching(/^server (clean|inconclusive)$/)])
    expect(runs[0]?.findings[0]?.evidence.some(({ says }) => says === 'bytes that server cannot send')).toBe(true)
  })

  test('of a server that does not accept any more says that it hangs', async () => {
    const { pid, said: port } = await start('blocked.mjs')
    const callers = [1, 2, 3].map(() => request({ port, host: '127.0.0.1', agent: false }).on('error', () => {}))
    for (const caller of callers) caller.end()
    onTestFinished(() => void callers.forEach((caller) => void caller.destroy()))
    const { code, codes, runs } = await judged('attach', `server=${pid}`, '--inspect')
    expect({ code, codes }).toEqual({ code: 1, codes: ['server leaked WORK_HUNG x1'] })
    expect(runs[0]?.findings[0]?.openedAt).toMatchObject({ file: 'blocked.mjs', line: 2 })
  })

  test('of one that ends meanwhile says so', async () => {
    const { child: job, pid } = await start('job.mjs', origin, '1', 'reads')
    const child = spawn(process.execPath, [BIN, 'attach', pid, '--live', '--json'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const stdout = text(child.stdout)
    await once(child.stderr, 'data')
    job.kill('SIGKILL')
    const [code] = await once(child, 'close')
    const [run] = (JSON.parse(await stdout) as RunRecord).runs
    expect({ code, notes: run?.notes }).toEqual({ code: 2, notes: expect.arrayContaining([expect.stringContaining('it ended while')]) })
  })

  test('keeps watching with --live, and reports at Ctrl-C', async () => {
    const { pid } = await start('job.mjs', origin, '2', 'held')
    const child = spawn(process.execPath, [BIN, 'attach', pid, '--live'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const stdout = text(child.stdout)
    await once(child.stderr, 'data')
    await once(child.stderr, 'data')
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    expect({ code, stdout: await stdout }).toEqual({ code: 130, stdout: expect.stringContaining('attach/node') })
  })

  test.each([
    [['4194303'], 'there is no process 4194303'],
    [['0'], "'0' is no pid"],
    [['-s'], "unknown option '-s'"],
    [[], 'missing required argument'],
    [['a=1', 'a=1'], 'is named twice'],
    [['1', '--goroutines', 'http://10.0.0.1/metrics'], 'is not a loopback address'],
    [['1', '--goroutines', 'target=http://127.0.0.1:1'], 'and none has a name'],
    [['1', '--for', '5'], 'a number without a unit'],
    [['no such'], 'neither a pid nor the name of a container'],
  ])('%j is refused with 3', async (words, complaint) => {
    expect(await watertight('attach', ...words)).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining(complaint) })
  })

  test.skipIf(!containers.ok)(
    `looks into a container: its sockets are in a network namespace of their own${containers.ok ? '' : `: ${containers.reason}`}`,
    {
      timeout: 120_000,
    },
    async () => {
      await using minio = await startMinio({ runId: newRunId() })
      const { hostname, port } = new URL(minio.origin)
      const agent = new Agent({ keepAlive: true })
      onTestFinished(() => agent.destroy())
      const caller = request({ hostname, port, path: '/minio/health/live', agent })
      caller.end()
      const [answer] = await once(caller, 'response')
      answer.resume()
      const [name] = await namesOf(minio.origin)
      const { code, runs } = await judged('attach', `store=${name}`, '--for', '2s')
      expect({ code, runs }).toMatchObject({
        code: 0,
        runs: [{ layer: 'store', verdict: 'clean', recount: { sockets: expect.any(Number) } }],
      })
      expect(runs[0]?.recount.sockets).toBeGreaterThan(0)
      expect(await watertight('attach', `${name}-not`)).toMatchObject({ code: 3, stderr: expect.stringContaining(`these run: `) })
    },
  )
})

/** Of the container whose port is published there. */
async function namesOf(origin: string): Promise<readonly string[]> {
  const { pingEngine } = await import('../../../fixtures/containers/engine.ts')
  const { callEngine } = await import('../../../fixtures/containers/engine-http.ts')
  const engine = await pingEngine()
  if (!engine.ok) throw new Error(engine.reason)
  const { body } = await callEngine(engine.address, 'GET', '/containers/json')
  const all = JSON.parse(String(body)) as { Names: string[]; Ports: { PublicPort?: number }[] }[]
  const here = all.filter(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === Number(new URL(origin).port)))
  const names = here.flatMap(({ Names }) => Names[0]?.slice(1) ?? [])
  await Promise.all(names.map(findContainer))
  return names
}

describe('exec of a program that Node does not run', { timeout: 60_000 }, () => {
  test('that hangs behind unread bodies is judged by what the kernel shows', async () => {
    const { code, runs, codes } = await judged('exec', ...foreign('job.mjs', origin, '3', 'held', 'blocks'))
    expect({ code, codes }).toEqual({ code: 1, codes: ['process leaked UNREAD_BODY x3 POOL_STARVED x1 WORK_HUNG x1'] })
    expect(runs[0]).toMatchObject({ blockedAtRequest: 4, client: 'seen from outside' })
  })

  test('that ends with data unread is told by how exit closed its connections', async () => {
    expect(await judged('exec', ...foreign('job.mjs', origin, '3', 'held', '1500'))).toMatchObject({
      code: 1,
      codes: ['process leaked UNREAD_BODY x3'],
    })
    expect(await judged('exec', ...foreign('job.mjs', origin, '3', 'reads', '1500'))).toMatchObject({ code: 0, codes: ['process clean'] })
  })

  test('is said to be of another runtime, or of a Node too old to be looked into', async () => {
    const unprepared = await judged('exec', ...foreign('job.mjs', origin, '1', 'reads', '1500'))
    expect(unprepared.runs[0]?.notes[0]).toBe('judged from outside: it is not run by Node, so no lines are named')
    // what an old Node writes (doors/exec-preload.ts)
    const old = `printf v20.20.2 > "\${WATERTIGHT_EXEC%/*}/$$.unsupported"; exec env -u NODE_OPTIONS "$0" "$@"`
    const { runs } = await judged('exec', '--json', '--', 'sh', '-c', old, process.execPath, 'job.mjs', origin, '1', 'reads', '1500')
    expect(runs[0]?.notes[0]).toBe('judged from outside: it runs on Node v20.20.2, too old to be looked into, so no lines are named')
  })

  test('that rests with idle connections is held to its deadline', async () => {
    const words = foreign('job.mjs', origin, '2', 'reads')
    expect(await judged('exec', '--idle-timeout', '1s', ...words)).toMatchObject({
      code: 1,
      codes: ['process leaked IDLE_PAST_DEADLINE x2'],
    })
  })

  test('that serves is judged when it is idle again: bodies it holds, and not its warm pool', async () => {
    const load = ['--load', '/', '--connections', '2', '--duration', '1s']
    const leaking = await judged('exec', ...load, ...foreign('service.mjs', origin, 'leaks'))
    expect({ code: leaking.code, code1: leaking.runs[0]?.findings[0]?.code }).toEqual({ code: 1, code1: 'UNREAD_BODY' })
    expect(await judged('exec', ...load, ...foreign('service.mjs', origin))).toMatchObject({ code: 0, codes: ['process clean'] })
  })
})

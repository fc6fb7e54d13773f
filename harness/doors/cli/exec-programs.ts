/** What the tests of `watertight exec` share: programs that never heard of it, run in a folder of their own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import type { RunRecord, ScenarioRun } from '../../model/run-record.ts'

export const BIN = fileURLToPath(new URL('bin.ts', import.meta.url))

/** A server of large bodies, above what any client reads for you; call it where a test file begins. */
export function servePhotos(): { readonly url: string } {
  const photos = createServer((_, response) => response.end(Buffer.alloc(1_000_000)))
  // No Keep-Alive header: a pool of it has no idle timeout but its own.
  photos.keepAliveTimeout = 0
  const served = { url: '' }
  beforeAll(async () => {
    await once(photos.listen(0, '127.0.0.1'), 'listening')
    served.url = `http://127.0.0.1:${(photos.address() as AddressInfo).port}/photos/1`
  })
  afterAll(() => void photos.close().closeAllConnections())
  return served
}

export const JOB = `import http from 'node:http'
const [url, reads] = process.argv.slice(2)

async function statusOf(url) {
  const response = await new Promise((resolve) => http.get(url, resolve))
  if (reads === 'reads') response.resume()
  return response.statusCode
}

for (let n = 0; n < 3; n += 1) console.log(await statusOf(url))
`

/** undici's own API on its global dispatcher, whose bodies nobody can see. */
export const UNDICI = `const [url, undici, reads] = process.argv.slice(2)
const { request } = await import(undici)
for (let n = 0; n < 2; n += 1) {
  const { body } = await request(url)
  if (reads === 'reads') await body.text()
}
`

/** The same where Node's own undici serves it, since node:http came first; its last request is never answered, and nobody waits. */
export const HIDDEN = `import 'node:http'
import { once } from 'node:events'
import { createServer } from 'node:net'
${UNDICI}const silent = createServer(() => {})
await once(silent.listen(0, '127.0.0.1'), 'listening')
request('http://127.0.0.1:' + silent.address().port).catch(() => {})
await once(silent, 'connection')
setTimeout(() => process.exit(0), 100)
`

/** Asks, and has ended before it has a connection. */
export const BEACON = `import http from 'node:http'
const [url, by] = process.argv.slice(2)
if (by === 'fetch') fetch(url).catch(() => {})
else http.get(url, { agent: by === 'its Agent' ? undefined : false }).on('error', () => {})
process.exit(0)
`

/** A program of one piece: it serves itself, and ends. */
export const ALONE = `import { createServer } from 'node:http'
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
export const SERVICE = `import http from 'node:http'
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
export const WRAPPER = `import { spawn } from 'node:child_process'
spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit' }).on('exit', (code) => process.exit(code ?? 1))
`

export const HANG = `// nothing here
setInterval(() => {}, 1_000)
`

export const SPINS = `function untilReady(isReady) {
  while (!isReady());
}
setTimeout(() => untilReady(() => false), 1)
`

export const STARVE = `import http from 'node:http'
const agent = new http.Agent({ maxSockets: 2 })
setInterval(() => {}, 60_000)
for (;;) await new Promise((resolve) => http.get(process.argv[2], { agent }, resolve))
`

/** One route answers, the other forgets to. */
export const MUTE = `import http from 'node:http'
const server = http.createServer((request, response) => {
  if (request.url !== '/mute') response.end('ok')
})
server.listen(0, '127.0.0.1')
`

export interface Done {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export function start(words: readonly string[]) {
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
export async function exec(...words: readonly string[]): Promise<Done> {
  const { child, temporary } = start(words)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  expect(readdirSync(temporary)).toEqual([])
  return { code, stdout, stderr }
}

export async function judged(...words: readonly string[]): Promise<Done & { readonly run: ScenarioRun }> {
  const done = await exec('--json', ...words)
  const [run] = (JSON.parse(done.stdout) as RunRecord).runs
  if (run === undefined) throw new Error(`nothing was judged: ${done.stderr}`)
  return { ...done, run }
}

export const lineOf = (program: string, part: string): number => program.split('\n').findIndex((line) => line.includes(part)) + 1

/** `watertight exec` of programs that serve: jobs that call a server of their own serve nobody, and a pause is not their end; a service is shown by a load that gets answers. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { RunRecord } from '../../model/run-record.ts'

const BIN = fileURLToPath(new URL('bin.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'watertight-own-server-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SERVER = `import { createServer } from 'node:http'
export const server = createServer((request, response) => response.end(Buffer.alloc(request.url === '/big' ? 1_000_000 : 10)))
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
process.send?.(server.address().port)
`

const JOB = `import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
const [where, does] = process.argv.slice(2)
const child = where === 'in a child' ? fork('server.mjs') : null
const [port] = child === null ? [(await import('./server.mjs')).server.address().port] : await once(child, 'message')
const origin = 'http://127.0.0.1:' + port
for (let n = 0; n < 3; n += 1) await (await fetch(origin)).text()
// Longer than --idle-after: a retry, a poll, a rate limit.
if (does !== 'stays') await sleep(2_000)
globalThis.kept = await fetch(origin + '/big')
if (does === 'reads') await globalThis.kept.text()
console.log('done')
if (does !== 'stays') process.exit(0)
`
/** Answers so, and goes away after so many. */
const SERVICE = `import { createServer } from 'node:http'
const [status, most] = process.argv.slice(2).map(Number)
let served = 0
createServer((request, response) => {
  response.writeHead(status).end(String(request.url))
  if (++served === most) process.exit(0)
}).listen(0, '127.0.0.1')
`
writeFileSync(join(folder, 'service.mjs'), SERVICE)
writeFileSync(join(folder, 'server.mjs'), SERVER)
writeFileSync(join(folder, 'job.mjs'), JOB)
const LINE = JOB.split('\n').findIndex((line) => line.includes('/big')) + 1

async function exec(options: readonly string[], ...program: readonly string[]) {
  const words = ['exec', '--json', '--idle-after', '300ms', ...options, '--', process.execPath, ...program]
  const child = spawn(process.execPath, [BIN, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const [run] = (JSON.parse(stdout) as RunRecord).runs
  const lines = run?.findings.filter((finding) => finding.code === 'UNREAD_BODY').map((finding) => finding.openedAt?.line)
  // With --json the program's own stdout is our stderr.
  return { code, isDone: stderr.includes('done'), verdict: run?.verdict, lines, notes: run?.notes.join() }
}

const TIMEOUT = { timeout: 60_000 }

test.each(['in the same process', 'in a child'])('a pause is waited for, and what leaks after it is found: %s', TIMEOUT, async (where) => {
  expect(await exec([], 'job.mjs', where, 'leaks')).toMatchObject({ code: 1, isDone: true, verdict: 'leaked', lines: [LINE] })
  expect(await exec([], 'job.mjs', where, 'reads')).toMatchObject({ code: 0, isDone: true, verdict: 'clean', lines: [] })
})

test('one that nothing makes go on is judged although its server was never closed', TIMEOUT, async () => {
  const startedMs = performance.now()
  expect(await exec([], 'job.mjs', 'in the same process', 'stays')).toMatchObject({ code: 1, verdict: 'leaked', lines: [LINE] })
  expect(performance.now() - startedMs).toBeLessThan(30_000)
})

test.each([
  ['every answer is an error', ['500'], 'got no answer with 2xx'],
  ['it ends while it is loaded', ['200', '20'], 'it ended before the load was over'],
])('a load that shows nothing leaves the verdict open: %s', TIMEOUT, async (_why, words, note) => {
  const load = ['--load', '/?token=hush', '--duration', '2s']
  const told = await exec(load, 'service.mjs', ...words)
  expect(told).toMatchObject({ code: 2, verdict: 'inconclusive', notes: expect.stringContaining(note) })
  expect(told.notes).not.toContain('hush')
})

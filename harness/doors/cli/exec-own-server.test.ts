/** `watertight exec` of jobs that call a server of their own, in the same process or in a child: they serve nobody, and a pause is not their end. */
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
writeFileSync(join(folder, 'server.mjs'), SERVER)
writeFileSync(join(folder, 'job.mjs'), JOB)
const LINE = JOB.split('\n').findIndex((line) => line.includes('/big')) + 1

async function exec(where: string, does: string) {
  const words = ['exec', '--json', '--idle-after', '300ms', '--', process.execPath, 'job.mjs', where, does]
  const child = spawn(process.execPath, [BIN, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const [run] = (JSON.parse(stdout) as RunRecord).runs
  const lines = run?.findings.filter((finding) => finding.code === 'UNREAD_BODY').map((finding) => finding.openedAt?.line)
  // With --json the program's own stdout is our stderr.
  return { code, isDone: stderr.includes('done'), verdict: run?.verdict, lines }
}

const TIMEOUT = { timeout: 60_000 }

test.each(['in the same process', 'in a child'])('a pause is waited for, and what leaks after it is found: %s', TIMEOUT, async (where) => {
  expect(await exec(where, 'leaks')).toEqual({ code: 1, isDone: true, verdict: 'leaked', lines: [LINE] })
  expect(await exec(where, 'reads')).toEqual({ code: 0, isDone: true, verdict: 'clean', lines: [] })
})

test('one that nothing makes go on is judged although its server was never closed', TIMEOUT, async () => {
  const startedMs = performance.now()
  expect(await exec('in the same process', 'stays')).toMatchObject({ code: 1, verdict: 'leaked', lines: [LINE] })
  expect(performance.now() - startedMs).toBeLessThan(30_000)
})

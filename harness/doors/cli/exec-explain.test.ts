/** `watertight exec --explain` of a client that sends when the caller's frame has gone. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const BIN = fileURLToPath(new URL('bin.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'watertight-explain-test-'))
const photos = createServer((_, response) => response.end(Buffer.alloc(1_000_000)))
let origin = ''
beforeAll(async () => {
  await once(photos.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(photos.address() as AddressInfo).port}`
})
afterAll(() => {
  photos.close().closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})

/** A job that ends, or a service that calls another for each request. */
const GOT = `import { createServer } from 'node:http'
import got from '${import.meta.resolve('got')}'
const [origin, manner] = process.argv.slice(2)

function photo(name) {
  const stream = got.stream(origin + '/photos/' + name + '?token=hush')
  return new Promise((resolve, reject) => stream.once('response', resolve).once('error', reject))
}
async function read(name) {
  return (await got(origin + '/read/' + name).buffer()).length
}

if (manner === 'serve') {
  createServer(async (request, response) => response.end(String((await photo('1')).statusCode))).listen(0, '127.0.0.1')
} else {
  for (const name of ['1', '2', '3']) console.log((await photo(name)).statusCode, await read(name))
  process.exit(0)
}
`
writeFileSync(join(folder, 'got.mjs'), GOT)
const LINE = GOT.split('\n').findIndex((line) => line.includes('got.stream')) + 1

async function exec(options: readonly string[], ...manner: readonly string[]) {
  const temporary = mkdtempSync(join(folder, 't'))
  const child = spawn(process.execPath, [BIN, 'exec', ...options, '--', process.execPath, 'got.mjs', origin, ...manner], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  })
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  expect(readdirSync(temporary)).toEqual([])
  return { code, stderr }
}

test('a finding without a line says how to get one', async () => {
  const { code, stderr } = await exec([])
  expect(code).toBe(1)
  expect(stderr).toContain('UNREAD_BODY')
  expect(stderr).toContain('run again with --explain to see which line led to requests without one')
})

test.each([
  ['a job that ends', [], [], ', 3 times'],
  ['a service under load', ['--load', '/', '--duration', '1s', '--idle-timeout', '1s', '--idle-after', '300ms'], ['serve'], ''],
])('and the run that explains names it: %s', { timeout: 60_000 }, async (_what, options, manner, times) => {
  const { code, stderr } = await exec(['--explain', ...options], ...manner)
  const [, told = ''] = stderr.split('what led to requests without a line, in a run of its own that was not judged:\n')
  expect(code).toBe(1)
  expect(told).toMatch(/^UNREAD_BODY GET \/photos\/(\*|1)\n {2}begun at /m)
  expect(told).toContain(`begun at got.mjs:${LINE} in photo${times}`)
  expect(stderr).not.toContain('hush')
  expect(told).not.toContain('/read/')
})

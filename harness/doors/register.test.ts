import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const REGISTER = fileURLToPath(new URL('./register.ts', import.meta.url))
const DOOR = fileURLToPath(new URL('../index.ts', import.meta.url))

/** Runs a program with register loaded before it; what it prints. */
async function program(text: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await run(process.execPath, ['--import', REGISTER, '--input-type=module', '-e', text], {
    env: { PATH: process.env.PATH, ...env },
  })
  return stdout.trim()
}

const serve = `
import http from 'node:http'
import { findLeaks } from '${DOOR}'
const server = http.createServer((request, response) => response.end('x'.repeat(10)))
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = 'http://127.0.0.1:' + server.address().port
const agent = new http.Agent({ keepAlive: true })
const read = () => new Promise((resolve) => http.get(origin, { agent }, (response) => response.resume().on('close', resolve)))
`

test('what was opened before findLeaks is older than its baseline', async () => {
  const text = `${serve} http.get(origin, { agent: false }); await read()
    const { verdict } = await findLeaks(read, { idleTimeoutMs: 200 }); console.log(verdict); process.exit()`
  expect(await program(text)).toBe('clean')
})

test('a pool that was used and emptied before findLeaks is known as older than the work, which without register it is not', async () => {
  const text = `${serve} server.keepAliveTimeout = 0
    const close = { connection: 'close' }
    await new Promise((resolve) => http.get(origin, { agent, headers: close }, (response) => response.resume().on('close', resolve)))
    console.log((await findLeaks(read)).verdict); process.exit()`
  expect(await program(text)).toBe('clean')
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], { env: { PATH: process.env.PATH } })
  expect(stdout.trim()).toBe('leaked')
})

test('a leak found by one call is not found again by the next', async () => {
  const text = `${serve} const leak = () => new Promise((resolve) => http.get(origin, { agent: new http.Agent({ keepAlive: true }) }, resolve)); await read()
    for (const work of [leak, read]) console.log((await findLeaks(work, { idleTimeoutMs: 200 })).verdict); process.exit()`
  expect(await program(text)).toBe('leaked\nclean')
})

test('a program ends by itself with register loaded, and nothing is printed', async () => {
  expect(await program('')).toBe('')
})

test('an unknown level is refused with the levels there are', async () => {
  await expect(program('', { WATERTIGHT_LEVEL: 'loud' })).rejects.toThrow(/WATERTIGHT_LEVEL is 'loud'.*\n.*use one of full, sampled, off/)
})

test('another version of register is refused', async () => {
  const text = `${serve} globalThis[Symbol.for('watertight.registered')] = { version: '0.0.1' }
    await findLeaks(read).catch((error) => console.log(error.message)); process.exit()`
  expect(await program(text)).toMatch(/^watertight\/register of version 0\.0\.1 is loaded in this process/)
})

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

/** Forgets the bodies of two fetches, then reads a third, with garbage collections between. */
const forgetful = `${serve}
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { setTimeout as after } from 'node:timers/promises'
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
const big = http.createServer((request, response) => response.end(Buffer.alloc(1_000_000)))
await new Promise((resolve) => big.listen(0, '127.0.0.1', resolve))
const forget = async () => void (await fetch('http://127.0.0.1:' + big.address().port))
const work = async () => {
  await forget()
  await forget()
  for (let i = 0; i < 3; i += 1) { await after(20); collect() }
  await (await fetch('http://127.0.0.1:' + big.address().port)).arrayBuffer()
}
const told = ({ findings }) => console.log(findings.map(({ code, count }) => code + ' x' + count).join())
`

test('forbidGcRescue keeps garbage collection from hiding an unread fetch body, for as long as the call lasts', async () => {
  const text = `${forgetful}
    const { register } = FinalizationRegistry.prototype
    told(await findLeaks(work))
    told(await findLeaks(work, { forbidGcRescue: true }))
    console.log(FinalizationRegistry.prototype.register === register)
    told(await findLeaks(work))
    process.exit()`
  expect(await program(text)).toBe('BODY_RESCUED_BY_GC x2\nUNREAD_BODY x2\ntrue\nBODY_RESCUED_BY_GC x2')
})

test('meanwhile a registry of anybody else works as before', async () => {
  const text = `${forgetful}
    const seen = []
    await findLeaks(async () => {
      const { register } = FinalizationRegistry.prototype
      const registry = new FinalizationRegistry((value) => seen.push(value))
      registry.register({}, 'gone')
      for (let i = 0; i < 3; i += 1) { await after(20); collect() }
      console.log(register.name, register.length, Object.keys(FinalizationRegistry.prototype).length)
    }, { forbidGcRescue: true })
    console.log(seen.join()); process.exit()`
  expect(await program(text)).toBe('register 2 0\ngone')
})

test('forbidGcRescue without register is refused, with what to do', async () => {
  const text = `${serve} await findLeaks(read, { forbidGcRescue: true }).catch((error) => console.log(error.code, error.message)); process.exit()`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], { env: { PATH: process.env.PATH } })
  expect(stdout).toMatch(/^NOT_REGISTERED forbidGcRescue was asked for.*not loaded.*\n.*--import watertight\/register/)
})

test('a second one is left out where it is of this version, and refused where it is of another', async () => {
  const again = `
    const KEY = Symbol.for('watertight.registered'); const before = globalThis[KEY]; await import('${REGISTER}?again'); console.log(before === globalThis[KEY])`
  expect(await program(again)).toBe('true')
  const other = `globalThis[Symbol.for('watertight.registered')] = { version: '0.0.9', ledger: {} }; await import('${REGISTER}?again')`
  await expect(program(other)).rejects.toThrow(/watertight\/register of version 0\.0\.9 is loaded in this process/)
})

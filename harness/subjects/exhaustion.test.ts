/** Beside the ledger's other tests that need probes: when an error says that no descriptor was left, and that a look works all the same. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { descriptorLimit } from '../ledger/exhaustion.ts'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { ScenarioUnavailable } from '../model/errors.ts'
import { clientEyes } from '../probes/pools.ts'
import { limitDescriptors } from './descriptor-limit.ts'
import { keepSpareDescriptors } from './spare-descriptors.ts'

let ledger: Ledger
beforeEach(() => {
  ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
})
afterEach(() => ledger.stop())

const systemError = (syscall: string, code: string, more: object = {}): Error =>
  Object.assign(new Error(`${syscall} ${code}`), { syscall, code, ...more })

test('EMFILE is found under whatever wraps it, and the same error counts once', () => {
  const cause = systemError('connect', 'EMFILE')
  const addresses = new AggregateError([cause, systemError('connect', 'EMFILE')])
  ledger.noteError(new TypeError('fetch failed', { cause: addresses }))
  ledger.noteError(cause)
  expect(ledger.page().exhausted).toMatchObject({ count: 2, attempts: [{ says: 'connect EMFILE', isDns: false, count: 2 }] })
})

test('other errors are none of ours, and neither is one that is its own cause', () => {
  const loop = new Error('loop')
  loop.cause = loop
  for (const error of [loop, systemError('connect', 'ECONNREFUSED'), undefined, 'EMFILE', null]) ledger.noteError(error)
  expect(ledger.page().exhausted).toBeNull()
})

test('the resolver that finds no descriptor is told from DNS that says no', () => {
  ledger.noteError(systemError('getaddrinfo', 'ENOTFOUND', { hostname: 'nowhere.invalid' }))
  expect(ledger.page().exhausted).toBeNull()
  ledger.noteError(systemError('getaddrinfo', 'EMFILE', { hostname: 'localhost' }))
  expect(ledger.page().exhausted?.attempts).toEqual([{ says: 'getaddrinfo EMFILE localhost', isDns: true, count: 1 }])
})

test('a stranger’s error after the end of the work is not the work’s', () => {
  ledger.inWork(() => {})
  ledger.endWork()
  ledger.noteError(systemError('open', 'EMFILE'))
  expect(ledger.page().exhausted).toBeNull()
})

test('the soft limit of this process is read', async () => {
  const { stdout } = await promisify(execFile)('prlimit', [
    '--pid',
    String(process.pid),
    '--nofile',
    '--noheadings',
    '--raw',
    '--output',
    'SOFT',
  ])
  expect(descriptorLimit()).toBe(Number(stdout))
})

test('the limit of a child is lowered from outside, and a process that is not there is said', async () => {
  // Not Node: that would raise its soft limit again while it starts.
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  await once(child, 'spawn')
  await limitDescriptors(child.pid ?? 0, 60)
  const soft = execFileSync('prlimit', ['--pid', String(child.pid), '--nofile', '--noheadings', '--raw', '--output', 'SOFT'], {
    encoding: 'utf8',
  })
  expect(Number(soft)).toBe(60)
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  await expect(limitDescriptors(child.pid ?? 0, 60)).rejects.toBeInstanceOf(ScenarioUnavailable)
})

test('spare descriptors are free while they are lent, and there again afterwards', () => {
  const open = () => statSync('/proc/self/fd').size
  const before = open()
  const spare = keepSpareDescriptors()
  expect(open()).toBe(before + 2)
  expect(spare.lend(open)).toBe(before)
  expect(open()).toBe(before + 2)
  spare[Symbol.dispose]()
  expect(open()).toBe(before)
})

/**
 * Beside the ledger's other tests that need probes: what is wrapped works as before, is restored, and tells what it should. Not guarded: a guard
 * would have wrapped it already (vitest.config.ts).
 */
import { once } from 'node:events'
import { createServer, ServerResponse } from 'node:http'
import { type AddressInfo, connect, Server, type Socket } from 'node:net'
import * as undici from 'undici'
import { expect, test, vi } from 'vitest'
import { startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

const methods = () => [
  Server.prototype.close,
  EventTarget.prototype.addEventListener,
  EventTarget.prototype.removeEventListener,
  ServerResponse.prototype.writeHead,
  ReadableStream.prototype.cancel,
  ReadableStream.prototype.tee,
  FinalizationRegistry.prototype.register,
]

test('the wrapped methods are the old ones again after stop, and were others meanwhile', () => {
  const before = methods()
  const ledger = startLedger(clientEyes, 'full')
  expect(methods()).toEqual(before)
  ledger.beginWork(0)
  expect(methods().some((method, index) => method === before[index])).toBe(false)
  expect(methods().map(({ name, length }) => [name, length])).toEqual(before.map(({ name, length }) => [name, length]))
  ledger.stop()
  expect(methods().every((method, index) => method === before[index])).toBe(true)
})

test('at level sampled nothing is wrapped', () => {
  const before = methods()
  const ledger = startLedger(clientEyes, 'sampled')
  ledger.beginWork(0)
  expect(methods().every((method, index) => method === before[index])).toBe(true)
  ledger.stop()
})

test('abort listeners of one line pile up, those removed do not count, and few are no pile', () => {
  const ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
  const { signal } = new AbortController()
  const add = () => {
    const listener = () => {}
    signal.addEventListener('abort', listener)
    return listener
  }
  for (let count = 0; count < 10; count += 1) add()
  expect(ledger.page().listenerStacks).toEqual([])
  const eleventh = add()
  expect(ledger.page().listenerStacks).toMatchObject([{ event: 'abort', count: 11, openedAt: { file: import.meta.filename } }])
  signal.removeEventListener('abort', eleventh)
  expect(ledger.page().listenerStacks).toEqual([])
  ledger.stop()
})

test('listeners from before the work count for no line, nor do those of an earlier work, or of others who watch', () => {
  const { signal } = new AbortController()
  const add = (count: number) => Array.from({ length: count }, () => signal.addEventListener('abort', () => {}))
  add(10)
  const counted = [4, 10, 1].map((count) => {
    const ledger = startLedger(clientEyes, 'full')
    ledger.beginWork(0)
    add(count)
    const { listenerStacks } = ledger.page()
    ledger.stop()
    return listenerStacks
  })
  expect(counted).toEqual([[], [], []])
  const outer = startLedger(clientEyes, 'full')
  outer.beginWork(0)
  add(6)
  const inner = startLedger(clientEyes, 'full')
  inner.beginWork(0)
  add(6)
  expect(inner.page().listenerStacks).toEqual([])
  expect(outer.page().listenerStacks).toMatchObject([{ count: 12 }])
  inner.stop()
  outer.stop()
})

test('of a signal that was new, two ledgers count each its own, and a listener of any kind is told', () => {
  const { signal } = new AbortController()
  const add = (count: number) => {
    for (let index = 0; index < count; index += 1)
      signal.addEventListener('abort', Object.assign(Object.create(null), { handleEvent() {} }))
  }
  const ledgers = [startLedger(clientEyes, 'full'), startLedger(clientEyes, 'full')]
  for (const ledger of ledgers) ledger.beginWork(0)
  add(11)
  expect(ledgers.map((ledger) => ledger.page().listenerStacks)).toMatchObject([[{ count: 11 }], [{ count: 11 }]])
  for (const ledger of ledgers) ledger.stop()
})

test.each([
  ['of Node', globalThis],
  ['of the package', undici],
])("the listeners that Request %s adds to a signal it follows are nobody's, also beside those of a line", (_, { Request }) => {
  const ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
  const { signal } = new AbortController()
  const follow = () => Array.from({ length: 15 }, () => new Request('http://127.0.0.1/', { signal: signal as never }))
  const requests = follow()
  expect(ledger.page().listenerStacks).toEqual([])
  const add = () => signal.addEventListener('abort', () => {})
  for (let count = 0; count < 10; count += 1) add()
  expect(ledger.page().listenerStacks).toEqual([])
  add()
  expect(ledger.page().listenerStacks).toMatchObject([{ count: 11, openedAt: { file: import.meta.filename } }])
  expect(requests).toHaveLength(15)
  ledger.stop()
})

/** Whoever has begun a request and not ended it: a connection without any is closed by Node 26 itself. */
async function callerOf(server: Server): Promise<Socket> {
  const peer = connect((server.address() as AddressInfo).port, '127.0.0.1', () => peer.write('GET / HTTP/1.1\r\n'))
  const [accepted] = (await once(server, 'connection')) as [Socket]
  await vi.waitFor(() => expect(accepted.bytesRead).toBeGreaterThan(0), { interval: 1 })
  return peer
}

test('a close that waits for a connection is told with its port, and no more once it has come', async () => {
  const ledger = startLedger(clientEyes, 'full')
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const peer = await callerOf(server)
  ledger.beginWork(0)
  expect(server.close()).toBe(server)
  expect(ledger.page().blockedCloses).toMatchObject([{ connections: 1, port, openedAt: { file: import.meta.filename } }])
  peer.destroy()
  await once(server, 'close')
  expect(ledger.page().blockedCloses).toEqual([])
  ledger.stop()
})

test('a close that a framework asks for in a turn of its own is told at the line that made the server listen', async () => {
  const ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
  const server = createServer()
  const at = new Error('here').stack?.split('\n')[1]
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const peer = await callerOf(server)
  // Code without a file, called by nobody's line.
  const close: (server: Server, done: () => void) => void = new Function('server', 'done', 'server.close(); done()') as () => void
  await new Promise<void>((resolve) => setImmediate(close, server, resolve))
  const line = Number(/:(\d+):\d+\)?$/.exec(at ?? '')?.[1]) + 1
  expect(ledger.page().blockedCloses).toMatchObject([{ openedAt: { file: import.meta.filename, line } }])
  peer.destroy()
  await once(server, 'close')
  ledger.stop()
})

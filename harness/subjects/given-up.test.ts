/** Beside the ledger's other tests that need probes: requests that were given up in a queue, and the timeouts of those that wait. */
import { once } from 'node:events'
import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

const server = createServer((request, response) => {
  if (request.url === '/held') response.write(Buffer.alloc(10))
  else response.end('x')
})
let origin = ''
let ledger: Ledger
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close().closeAllConnections())
beforeEach(() => {
  ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
})
afterEach(() => ledger.stop())

const queuedOf = (page = ledger.page()) => page.requests.filter(({ phase }) => phase === 'queued')

test('a queued request of node:http that was aborted is seen until its caller has been told', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const [held] = await once(get(`${origin}/held`, { agent }), 'response')
  const abort = new AbortController()
  const queued = get(`${origin}/next`, { agent, signal: abort.signal, timeout: 123 })
  expect(queuedOf()).toMatchObject([{ path: '/next', givenUpMs: null, bound: { name: 'timeout', ms: 123 } }])
  abort.abort()
  expect(queuedOf()).toMatchObject([{ path: '/next', givenUpMs: expect.any(Number) }])
  const told = once(queued, 'error')
  held.destroy()
  await told
  expect(queuedOf()).toEqual([])
  agent.destroy()
})

test('a request in the queue of an undici Pool knows the timeouts of its Pool, since when it waits, and that it was aborted', async () => {
  const pool = new Pool(origin, { connections: 1, headersTimeout: 4_000, bodyTimeout: 5_000 })
  const { body } = await pool.request({ path: '/held', method: 'GET' })
  const abort = new AbortController()
  const queued = pool.request({ path: '/next', method: 'GET', signal: abort.signal })
  const failed = queued.catch((error: Error) => error.name)
  const beforeMs = performance.now()
  const page = ledger.page()
  expect(queuedOf(page)).toMatchObject([{ path: '/next', givenUpMs: null, bound: { name: 'headersTimeout', ms: 4_000 } }])
  expect(queuedOf(page)[0]?.createdAtMs).toBeLessThanOrEqual(beforeMs)
  expect(page.requests.find(({ phase }) => phase === 'headers')?.bound).toEqual({ name: 'bodyTimeout', ms: 5_000 })
  abort.abort()
  expect(queuedOf()).toMatchObject([{ path: '/next', givenUpMs: expect.any(Number) }])
  body.on('error', () => {}).destroy()
  expect(await failed).toBe('AbortError')
  await pool.close()
})

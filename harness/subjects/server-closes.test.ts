/** Beside the ledger's other tests that need probes: connections that a server ends by the word of its answer. */
import { once } from 'node:events'
import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

const server = createServer((_request, response) => void response.end('x'))
server.maxRequestsPerSocket = 2
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

const ask = (options: object): Promise<void> =>
  new Promise((resolve, reject) => get(origin, options, (r) => r.resume().on('close', resolve)).on('error', reject))

test('an Agent that would keep its connection is told so after each second answer', async () => {
  const agent = new Agent({ keepAlive: true })
  for (let sent = 0; sent < 5; sent += 1) await ask({ agent })
  expect(ledger.page().serverCloses).toEqual({ count: 2, origin, leastAnswers: 2, mostAnswers: 2 })
  agent.destroy()
})

test('so is an undici Pool', async () => {
  const pool = new Pool(origin, { connections: 1 })
  for (let sent = 0; sent < 5; sent += 1) await (await pool.request({ path: '/', method: 'GET' })).body.text()
  expect(ledger.page().serverCloses).toEqual({ count: 2, origin, leastAnswers: 2, mostAnswers: 2 })
  await pool.close()
})

test('whoever wants the connection closed has no such server', async () => {
  for (let sent = 0; sent < 3; sent += 1) await ask({ agent: new Agent() })
  const agent = new Agent({ keepAlive: true })
  for (let sent = 0; sent < 3; sent += 1) await ask({ agent, headers: { connection: 'close' } })
  const pool = new Pool(origin)
  for (let sent = 0; sent < 3; sent += 1) await (await pool.request({ path: '/', method: 'GET', reset: true })).body.text()
  expect(ledger.page().serverCloses).toBeNull()
  agent.destroy()
  await pool.close()
})

/** Beside the ledger's other tests that need probes: who waits for a connection that others have, and who is only getting one. */
import { once } from 'node:events'
import { createServer, get, Agent as HttpAgent } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { Agent, Client, type Dispatcher, Pool } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

let asked = 0
const server = createServer((request, response) => {
  asked += 1
  if (request.url === '/answered') response.end()
})
let origin = ''
let ledger: Ledger
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close().closeAllConnections())
beforeEach(() => {
  asked = 0
  ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
})
afterEach(() => ledger.stop())

const untilAsked = async (count: number): Promise<void> => {
  while (asked < count) await once(server, 'request')
}
const seen = () => ledger.page().requests.map(({ path, phase, isInLine }) => `${path} ${phase}${isInLine ? ', in line' : ''}`)

test('node:http: in the queue of its Agent, and not while it connects, with an Agent or without', async () => {
  const agent = new HttpAgent({ maxSockets: 1 })
  const requests = ['/1', '/2'].map((path) => get(origin + path, { agent }))
  requests.push(get(`${origin}/alone`, { agent: false }))
  for (const request of requests) request.on('error', () => {})
  expect(seen()).toEqual(['/1 queued', '/2 queued, in line', '/alone queued'])
  await untilAsked(2)
  expect(seen()).toEqual(['/1 sent', '/2 queued, in line', '/alone sent'])
  for (const request of requests) request.destroy()
  agent.destroy()
})

test.each<[string, () => Dispatcher]>([
  ['an Agent that has one for each origin', () => new Agent({ connections: 1 })],
  ['a Client', () => new Client(origin)],
  ['a Pool', () => new Pool(origin, { connections: 1 })],
])('undici: behind the connection of %s, and not while it connects', async (_name, make) => {
  const dispatcher = make()
  const ask = (path: string): void => void dispatcher.request({ origin, path, method: 'GET' }).catch(() => {})
  ask('/1')
  expect(seen()).toEqual(['/1 queued'])
  await untilAsked(1)
  ask('/2')
  expect(seen()).toEqual(['/1 sent', '/2 queued, in line'])
  await dispatcher.destroy()
})

test('undici: nor while a connection that is free waits for the body to be sent', async () => {
  const client = new Client(origin)
  await (await client.request({ path: '/answered', method: 'GET' })).body.dump()
  client.request({ path: '/1', method: 'PUT', body: Readable.from(['x']) }).catch(() => {})
  expect(seen()).toEqual(['/1 queued'])
  await client.destroy()
})

test('fetch, while it connects, is in nobody’s line', async () => {
  const quit = new AbortController()
  const answer = fetch(`${origin}/1`, { signal: quit.signal }).catch(() => {})
  while (ledger.page().requests.length === 0) await new Promise(setImmediate)
  expect(seen()).toEqual(['/1 queued'])
  quit.abort()
  await answer
})

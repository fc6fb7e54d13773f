/** Beside the ledger's other tests that need probes: how long queues grew, and whether they are gone. */
import { once } from 'node:events'
import { Agent, createServer, get, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

const waiting: ServerResponse[] = []
const server = createServer((_request, response) => void waiting.push(response))
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

/** Answers whatever comes, from now on, until all are answered. */
async function answer(all: Promise<unknown>): Promise<void> {
  let isOver = false
  const over = all.then(() => {
    isOver = true
  })
  while (!isOver) {
    for (const response of waiting.splice(0)) response.end('x')
    await Promise.race([once(server, 'request'), over])
  }
}
const untilAsked = async (count: number): Promise<void> => {
  while (waiting.length < count) await once(server, 'request')
}

test('the queue of an Agent is known by its length and its limit, and drained when the last one has its connection', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 })
  const ask = () => new Promise((resolve, reject) => get(origin, { agent }, (r) => r.resume().on('close', resolve)).on('error', reject))
  const all = Promise.all([1, 2, 3, 4, 5].map(ask))
  await untilAsked(2)
  const peak = { client: 'node:http', origin, limit: 2, maxQueued: 3, openedAt: { file: import.meta.filename } }
  expect(ledger.page().queues).toMatchObject([{ ...peak, isDrained: false }])
  await answer(all)
  expect(ledger.page().queues).toMatchObject([{ ...peak, isDrained: true }])
  await answer(Promise.all([1, 2, 3].map(ask)))
  expect(ledger.page().queues).toMatchObject([{ ...peak, isDrained: true }])
  agent.destroy()
})

test('so is the queue inside an undici Pool, whose width is that of its connections', async () => {
  const pool = new Pool(origin, { connections: 2 })
  const all = Promise.all([1, 2, 3, 4, 5].map(async () => (await pool.request({ path: '/', method: 'GET' })).body.text()))
  await untilAsked(2)
  expect(ledger.page().queues).toMatchObject([{ client: 'undici', maxQueued: 3, isDrained: false }])
  await answer(all)
  expect(ledger.page().queues).toMatchObject([
    { origin, limit: 2, maxQueued: 3, isDrained: true, openedAt: { file: import.meta.filename } },
  ])
  await pool.close()
})

test('requests that need not wait make no queue', async () => {
  const agent = new Agent({ keepAlive: true })
  const ask = () => new Promise((resolve, reject) => get(origin, { agent }, (r) => r.resume().on('close', resolve)).on('error', reject))
  await answer(Promise.all([1, 2, 3].map(ask)))
  expect(ledger.page().queues).toEqual([])
  agent.destroy()
})

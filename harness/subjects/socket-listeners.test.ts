/** Beside the ledger's other tests that need probes: listeners on connections that are used again and again. */
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Pool } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

const server = createServer((_request, response) => response.end('served'))
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
let ledger: Ledger

beforeAll(async () => void (await once(server.listen(0, '127.0.0.1'), 'listening')))
afterAll(() => {
  agent.destroy()
  server.close().closeAllConnections()
})
beforeEach(() => {
  ledger = startLedger(clientEyes, 'full')
})
afterEach(() => ledger.stop())

async function ask(listen: (socket: Socket) => void = () => {}): Promise<Socket> {
  const asked = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent })
  const [socket] = (await once(asked, 'socket')) as [Socket]
  socket.setMaxListeners(0)
  listen(socket)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  await once(response.resume(), 'end')
  return socket
}
const told = () => ledger.page().listenerStacks.map(({ event, target, count }) => `${event} on ${target} x${count}`)

test('one more with each request piles up, also on a connection from before the work', async () => {
  await ask()
  ledger.beginWork(0)
  for (let sent = 0; sent < 10; sent += 1) await ask((socket) => socket.on('timeout', () => sent))
  expect(told()).toEqual([])
  await ask((socket) => socket.on('timeout', () => 11))
  for (let sent = 0; sent < 11; sent += 1) await ask((socket) => socket.on('pause', () => sent))
  expect(told()).toEqual(['pause on Socket x11'])
  expect(ledger.page().listenerStacks[0]?.openedAt?.file).toBe(import.meta.filename)
})

test('those that are taken away again do not, nor do those of clients', async () => {
  ledger.beginWork(0)
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 1 })
  for (let sent = 0; sent < 30; sent += 1) {
    const listener = (): void => {}
    const socket = await ask((each) => each.on('timeout', listener))
    socket.off('timeout', listener)
    await (await pool.request({ path: '/', method: 'GET' })).body.dump()
  }
  expect(told()).toEqual([])
  await pool.close()
})

test('after the end of the ledger a connection tells nobody any more', async () => {
  ledger.beginWork(0)
  const socket = await ask()
  expect(socket.listenerCount('newListener')).toBe(1)
  ledger.stop()
  expect(socket.listenerCount('newListener')).toBe(0)
})

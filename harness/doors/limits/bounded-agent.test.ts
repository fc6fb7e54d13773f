import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent as TlsAgent, get as tlsGet } from 'node:https'
import { type AddressInfo, createServer as createRawServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boundedAgent } from './bounded-agent.ts'
import { DialTimeoutError, PoolWaitError } from './pool-wait-error.ts'

const held: ServerResponse[] = []
const server = createServer({ keepAliveTimeout: 60_000 }, ({ url }, response) => {
  if (url === '/held') held.push(response)
  else response.end('ok')
})
/** Accepts, and says nothing: no TLS handshake ever ends. */
const mute = createRawServer((socket) => void socket.on('error', () => {}).resume())
/** Enough for a busy machine to hand over a connection; only its having passed is waited for. */
const IN_TIME_MS = 1_000
const portOf = (of: Server): number => (of.address() as AddressInfo).port

beforeAll(async () => {
  await Promise.all([server, mute].map((each) => once(each.listen(0, '127.0.0.1'), 'listening')))
})
afterAll(() => {
  server.close().closeAllConnections()
  mute.close()
})

const ask = (agent: Agent, path = '/'): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => get({ port: portOf(server), agent, path }, resolve).once('error', reject))
const read = async (response: IncomingMessage): Promise<string> => (await response.setEncoding('utf8').toArray()).join('')
const heldIs = async (count: number): Promise<void> => {
  while (held.length < count) await new Promise(setImmediate)
}

describe('a bounded http.Agent', () => {
  it('fails a request that waited too long for a connection, without sending it, and serves the next', async () => {
    const agent = boundedAgent(new Agent({ keepAlive: true, maxSockets: 1 }), { poolWaitMs: 50 })
    const first = ask(agent, '/held')
    await heldIs(1)
    const waits = ask(agent)
    await expect(waits).rejects.toBeInstanceOf(PoolWaitError)
    await expect(waits).rejects.toThrow(/became free within 50 ms: the request was never sent/)
    expect(Object.keys(agent.requests)).toEqual([])
    held.pop()?.end('ok')
    expect(await read(await first)).toBe('ok')
    expect(await read(await ask(agent))).toBe('ok')
    agent.destroy()
  })

  it('leaves a request alone that got its connection in time, however long its answer takes', async () => {
    const agent = boundedAgent(new Agent({ keepAlive: true, maxSockets: 1 }), { poolWaitMs: IN_TIME_MS })
    const first = ask(agent, '/held')
    const second = ask(agent, '/held')
    await heldIs(1)
    held.pop()?.end('ok')
    await read(await first)
    await heldIs(1)
    await new Promise((resolve) => setTimeout(resolve, IN_TIME_MS + 100))
    held.pop()?.end('ok')
    expect(await read(await second)).toBe('ok')
    agent.destroy()
  })

  it('destroys a TLS handshake that does not end', async () => {
    const agent = boundedAgent(new TlsAgent({ keepAlive: true }), { dialMs: 100 })
    const asked = new Promise((resolve, reject) => tlsGet({ host: '127.0.0.1', port: portOf(mute), agent }, resolve).once('error', reject))
    await expect(asked).rejects.toBeInstanceOf(DialTimeoutError)
    await expect(asked).rejects.toThrow('the connection was not established within 100 ms')
    agent.destroy()
  })

  it('does not touch a connection that was established in time', async () => {
    const agent = boundedAgent(new Agent({ keepAlive: true }), { dialMs: IN_TIME_MS })
    const first = ask(agent, '/held')
    await heldIs(1)
    await new Promise((resolve) => setTimeout(resolve, IN_TIME_MS + 100))
    held.pop()?.end('ok')
    expect(await read(await first)).toBe('ok')
    agent.destroy()
  })

  it('keeps no more idle connections of all hosts together than maxIdleTotal', async () => {
    const agent = boundedAgent(new Agent({ keepAlive: true }), { maxIdleTotal: 3 })
    const asked = Array.from({ length: 10 }, () => ask(agent, '/held'))
    await heldIs(10)
    for (const response of held.splice(0)) response.end('ok')
    await Promise.all(asked.map(async (response) => read(await response)))
    const open = () => Object.values(agent.freeSockets).flat().length + Object.values(agent.sockets).flat().length
    while (open() !== 3) await new Promise(setImmediate)
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(3)
    agent.destroy()
  })
})

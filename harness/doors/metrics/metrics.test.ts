import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import { Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HarnessError } from '../../model/errors.ts'
import { METRICS } from '../../model/metric-names.ts'
import { watchMetrics } from './index.ts'

const server = createServer((request, response) => void response.end(Buffer.alloc(Number(request.url?.slice(1)))))
let origin = ''
let port = 0
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  port = (server.address() as AddressInfo).port
  origin = `http://127.0.0.1:${port}`
})
afterAll(() => void server.close().closeAllConnections())

/** The samples of one metric, without what is the same in all. */
const samplesOf = (text: string, name: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .map((line) => line.slice(name.length).replace(`layer="client",server_address="127.0.0.1",server_port="${port}"`, 'here'))

const ask = (agent: Agent, path: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => void get(`${origin}${path}`, { agent }, resolve).on('error', reject))

describe('what a service holds open', () => {
  test('a full pool of undici is told by its leases, its limit and its queue, at level sampled', async () => {
    const pool = new Pool(origin, { connections: 2 })
    using metrics = watchMetrics({ pools: [pool], idleTimeoutMs: 6_000 })
    const bodies = await Promise.all([1, 2].map(() => pool.request({ method: 'GET', path: '/1000000' })))
    const third = pool.request({ method: 'GET', path: '/10' })
    const text = await metrics.text()
    expect(samplesOf(text, METRICS.openConnections.name)).toEqual([
      '{here,client="undici",pool="1",http_connection_state="active"} 2',
      '{here,client="undici",pool="1",http_connection_state="idle"} 0',
    ])
    expect(samplesOf(text, METRICS.connectionMax.name)).toEqual(['{here,client="undici",pool="1"} 2'])
    expect(samplesOf(text, METRICS.pendingRequests.name)).toEqual(['{here,client="undici",pool="1"} 1'])
    expect(samplesOf(text, METRICS.activeRequests.name)).toEqual(['{here} 3'])
    expect(samplesOf(text, METRICS.unreadBodies.name)).toEqual(['{here} 2'])
    expect(samplesOf(text, METRICS.connectionsOpened.name)).toEqual(['{layer="client"} 2'])
    expect(samplesOf(text, METRICS.idleTimeout.name)).toEqual(['{layer="client"} 6'])
    expect(text.endsWith('# EOF\n')).toBe(true)

    for (const { body } of bodies) await body.text()
    await (await third).body.text()
    const after = await metrics.text()
    expect(samplesOf(after, METRICS.unreadBodies.name)).toEqual(['{here} 0'])
    expect(samplesOf(after, METRICS.requests.name)).toEqual(['{layer="client",outcome="ok"} 3', '{layer="client",outcome="failed"} 0'])
    await pool.destroy()
  })

  test('two agents to one server are two pools: the free one does not hide the starved one', async () => {
    using metrics = watchMetrics()
    const agents = [1, 25].map((maxSockets) => new Agent({ keepAlive: true, maxSockets }))
    const [small, large] = agents as [Agent, Agent]
    const unread = [await ask(small, '/1000000'), await ask(large, '/1000000')]
    const queued = ask(small, '/1')
    const text = await metrics.text()
    expect(samplesOf(text, METRICS.pendingRequests.name)).toEqual([
      '{here,client="node:http",pool="1"} 1',
      '{here,client="node:http",pool="2"} 0',
    ])
    expect(samplesOf(text, METRICS.connectionMax.name)).toEqual([
      '{here,client="node:http",pool="1"} 1',
      '{here,client="node:http",pool="2"} 25',
    ])
    for (const response of unread) await once(response.resume(), 'end')
    await once((await queued).resume(), 'end')
    for (const agent of agents) agent.destroy()
  })

  test('a client per call is not kept by whoever watches', async () => {
    using metrics = watchMetrics()
    for (let call = 0; call < 20; call += 1) {
      const agent = new Agent({ keepAlive: true })
      const response = await ask(agent, '/1')
      const closed = once(response.socket, 'close')
      await once(response.resume(), 'end')
      agent.destroy()
      await closed
    }
    await metrics.text()
    expect(samplesOf(await metrics.text(), METRICS.openConnections.name)).toEqual([])
  })

  test('a service answers /metrics with the handler, and says so when it was stopped', async () => {
    const metrics = watchMetrics({ layer: 'gateway' })
    const service = createServer(metrics.handler)
    await once(service.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/metrics`
    const answer = await fetch(url)
    expect(answer.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(await answer.text()).toContain('watertight_connections_opened_total{layer="gateway"}')
    metrics.stop()
    const late = await fetch(url)
    expect([late.status, await late.text()]).toEqual([503, 'these metrics were stopped'])
    service.close().closeAllConnections()
    await once(service, 'close')
  })
})

describe('what cannot be', () => {
  const refusal = (options: object): string => {
    try {
      watchMetrics(options).stop()
      return 'nothing'
    } catch (error) {
      return error instanceof HarnessError ? error.message : String(error)
    }
  }

  test('a wrong option is told with its bounds and the right spelling, and nothing is registered', () => {
    const registry = new Registry()
    expect(refusal({ registry, idleTimeout: 6_000 })).toBe('invalid option: `idleTimeout` is not a field; did you mean `idleTimeoutMs`?')
    expect(refusal({ registry, level: 'off' })).toBe("invalid option: `level` is 'off': it takes 'sampled' or 'full'")
    expect(refusal({ registry, idleTimeoutMs: 0 })).toBe('invalid option: `idleTimeoutMs` is 0: it takes a number from 1 to 2147483647')
    expect(refusal({ registry: {} })).toBe('invalid option: `registry` is {}: it takes a Registry of prom-client')
    expect(registry.getMetricsAsArray()).toEqual([])
  })

  test('one registry takes one watch', () => {
    const registry = new Registry()
    using _first = watchMetrics({ registry })
    expect(refusal({ registry })).toContain('the registry has a metric http_client_open_connections already')
    expect(registry.getMetricsAsArray()).toHaveLength(Object.keys(METRICS).length)
  })
})

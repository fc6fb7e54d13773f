import { once } from 'node:events'
import { Agent, createServer, globalAgent, type Server } from 'node:http'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { Client, Pool } from 'undici'
import { describe, expect, it } from 'vitest'
import { type MappedLimits, mapLimits } from './map-onto.ts'
import { limitProfile, listLimitProfiles } from './profiles.ts'

const fatesOf = ({ knobs }: MappedLimits, fate: string) => knobs.filter((each) => each.fate === fate).map(({ knob }) => knob)

describe('the limits of the article', () => {
  it('on undici: options, caps for cappedAgent, and what stays undone', () => {
    const mapped = mapLimits(limitProfile('go-article'), 'undici')
    expect(mapped.options).toEqual({
      connections: 25,
      keepAliveTimeout: 90_000,
      keepAliveMaxTimeout: 90_000,
      connect: { timeout: 30_000, keepAlive: true, keepAliveInitialDelay: 20_000 },
    })
    expect(mapped.emulate).toEqual({ maxIdleTotal: 100, maxIdlePerHost: 25 })
    expect(fatesOf(mapped, 'EMULATED')).toEqual(['maxIdleTotal', 'maxIdlePerHost'])
    expect(fatesOf(mapped, 'UNENFORCED')).toEqual(['tlsMs', 'continueMs', 'totalMs'])
    expect(mapped.knobs.filter(({ fate, reason }) => fate !== 'ENFORCED' && reason === null)).toEqual([])
  })

  it('on node:http: an Agent takes the caps, boundedAgent the dial timeout', () => {
    const mapped = mapLimits(limitProfile('go-article'), 'node-http')
    expect(mapped.options).toEqual({ maxSockets: 25, maxFreeSockets: 25, timeout: 90_000, keepAliveMsecs: 20_000, keepAlive: true })
    expect(mapped.emulate).toEqual({ maxIdleTotal: 100, dialMs: 30_000 })
  })

  it('on the AWS SDK: its own timeouts, and an Agent below', () => {
    const mapped = mapLimits(limitProfile('go-article'), 'aws-sdk')
    expect(mapped.options).toMatchObject({
      connectionTimeout: 30_000,
      httpAgent: { maxSockets: 25, timeout: 90_000 },
      httpsAgent: { maxSockets: 25 },
    })
    expect(mapped.emulate).toEqual({ maxIdleTotal: 100 })
  })
})

it('a server is a server: its profile maps onto http.Server and onto no client', () => {
  expect(mapLimits(limitProfile('aistore-server'), 'http-server').options).toEqual({
    keepAliveTimeout: 30_000,
    headersTimeout: 16_000,
    connectionsCheckingInterval: 8_000,
  })
  expect(() => mapLimits(limitProfile('aistore-server'), 'undici')).toThrow(
    'aistore-server is the profile of a server, and undici is a client',
  )
})

it('what refuses at its limit is emulated by not waiting', () => {
  expect(mapLimits(limitProfile('aistore-peer-fasthttp'), 'undici').emulate).toEqual({ poolWaitMs: 0 })
})

describe.each(listLimitProfiles().filter(({ role }) => role === 'client'))('the options made of $name', (profile) => {
  it('are taken by undici as they are', async () => {
    const { options } = mapLimits(profile, 'undici')
    await new Pool('http://127.0.0.1:1', options as Pool.Options).close()
  })

  it('are what an http.Agent then has', () => {
    const { options } = mapLimits(profile, 'node-http')
    const agent = new Agent(options)
    for (const name of ['maxSockets', 'maxTotalSockets', 'maxFreeSockets'] as const) {
      if (options[name] !== undefined) expect(agent[name], name).toBe(options[name])
    }
    agent.destroy()
  })

  it('are what the SDK then has', async () => {
    const { options } = mapLimits(profile, 'aws-sdk')
    const handler = new NodeHttpHandler(options as ConstructorParameters<typeof NodeHttpHandler>[0])
    await handler.handle({} as never).catch(() => {})
    expect(handler.httpHandlerConfigs()).toMatchObject(
      Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'httpAgent' && name !== 'httpsAgent')),
    )
    handler.destroy()
  })
})

it.each(listLimitProfiles().filter(({ role }) => role === 'server'))('an http.Server is made of $name, and answers', async (profile) => {
  const { options } = mapLimits(profile, 'http-server')
  const server: Server = createServer(options, (_request, response) => void response.end())
  expect(server.keepAliveTimeout).toBe(options.keepAliveTimeout)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  await new Promise((resolve) => server.close(resolve))
})

/** Each number of ours that a running thing can confirm. */
it('the profiles of Node and undici are what a new Agent, Server and Pool say of themselves', async () => {
  const server = createServer()
  const { limits } = limitProfile('http-server')
  expect([server.keepAliveTimeout, server.headersTimeout, server.requestTimeout]).toEqual([
    limits.idleMs?.value,
    limits.readHeadersMs?.value,
    limits.requestMs?.value,
  ])
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 0 })
  expect(agent.maxFreeSockets).toBe(limitProfile('http-agent-keepalive').limits.maxIdlePerHost?.value)
  expect((globalAgent as unknown as { readonly options: { readonly timeout: number } }).options.timeout).toBe(
    limitProfile('http-global-agent').limits.idleMs?.value,
  )
  const client = new Client('http://127.0.0.1:1')
  const own = client as unknown as Readonly<Record<symbol, unknown>>
  const read = (description: string): unknown =>
    own[Object.getOwnPropertySymbols(client).find((symbol) => symbol.description === description) ?? Symbol()]
  const undici = limitProfile('undici').limits
  expect(['default keep alive timeout', 'max keep alive timeout', 'headers timeout', 'body timeout'].map(read)).toEqual(
    [undici.idleMs, undici.maxIdleMs, undici.headersMs, undici.bodyMs].map((sourced) => sourced?.value),
  )
  await client.close()
})

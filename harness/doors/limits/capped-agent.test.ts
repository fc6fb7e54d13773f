import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import * as undici from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caps, cappedAgent } from './capped-agent.ts'
import { PoolWaitError } from './pool-wait-error.ts'

/** A server that counts its own connections: what the pool believes is not the point. */
class Counting {
  open = 0
  most = 0
  accepted = 0
  origin = ''
  readonly held: ServerResponse[] = []
  readonly server: Server = createServer({ keepAliveTimeout: 60_000 }, ({ url }, response) => {
    if (url === '/held') this.held.push(response)
    else response.end(url === '/big' ? Buffer.alloc(200_000) : 'ok')
  }).on('connection', (socket) => {
    this.accepted += 1
    this.most = Math.max(this.most, ++this.open)
    socket.on('close', () => {
      this.open -= 1
      wakeAll()
    })
  })
}
/** Those of the client, by its sockets: a server hears of a close a moment later, when the next may be there already. */
const all = { open: 0, most: 0 }
const waiting = new Set<() => void>()
const wakeAll = (): void => {
  for (const wake of waiting) wake()
}
const countSocket = (message: unknown): void => {
  const { socket } = message as { readonly socket: Socket }
  all.most = Math.max(all.most, ++all.open)
  socket.once('close', () => {
    all.open -= 1
    wakeAll()
  })
}
const servers = [new Counting(), new Counting(), new Counting()]
const [one, two] = servers as [Counting, Counting, Counting]

/** Resolves as soon as it is true: close events of either side say when to look, not patience. */
const until = (isTrue: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (!isTrue()) return
      waiting.delete(look)
      resolve()
    }
    waiting.add(look)
    look()
  })
const nothingOpen = (): boolean => all.open === 0 && servers.every(({ open }) => open === 0)

beforeAll(async () => {
  subscribe('net.client.socket', countSocket)
  for (const each of servers) {
    await once(each.server.listen(0, '127.0.0.1'), 'listening')
    each.origin = `http://127.0.0.1:${(each.server.address() as AddressInfo).port}`
  }
})
afterAll(() => {
  unsubscribe('net.client.socket', countSocket)
  for (const { server } of servers) server.close().closeAllConnections()
})

async function withAgent(caps: Caps, use: (agent: undici.Agent) => Promise<void>, options: undici.Agent.Options = {}): Promise<void> {
  Object.assign(all, { most: all.open })
  for (const each of servers) Object.assign(each, { most: each.open, accepted: 0 })
  const agent = cappedAgent(undici, caps, { keepAliveTimeout: 60_000, ...options })
  try {
    await use(agent)
  } finally {
    await agent.close()
    await until(nothingOpen)
  }
}

const ask = async (dispatcher: undici.Agent, { origin }: Counting, path = '/'): Promise<string> =>
  (await undici.request(`${origin}${path}`, { dispatcher })).body.text()

/** So many requests whose answers are held back until all of them, or as many as may, are at the server. */
async function burst(agent: undici.Agent, server: Counting, count: number, together = count): Promise<void> {
  const answers = Array.from({ length: count }, () => ask(agent, server, '/held'))
  for (let done = 0; done < count; ) {
    while (server.held.length < Math.min(together, count - done)) await new Promise(setImmediate)
    for (const response of server.held.splice(0)) {
      response.end('ok')
      done += 1
    }
  }
  expect(await Promise.all(answers)).toEqual(Array(count).fill('ok'))
}

describe('an undici Agent with caps', () => {
  it('opens no more connections to all origins together than maxTotal, and answers every request', async () => {
    await withAgent({ maxTotal: 6 }, async (agent) => {
      const asked = servers.flatMap((server) => Array.from({ length: 40 }, (_, at) => ask(agent, server, at % 2 === 0 ? '/' : '/big')))
      const answers = await Promise.all(asked)
      expect(answers.filter((text) => text.length > 0)).toHaveLength(120)
      expect(all.most).toBeLessThanOrEqual(6)
      expect(all.most).toBeGreaterThanOrEqual(5)
    })
  })

  it('without caps opens as many as undici does', async () => {
    await withAgent({}, async (agent) => {
      await burst(agent, one, 30)
      expect(one.most).toBe(30)
    })
  })

  it('lets an idle connection of one origin go for a request to another', async () => {
    await withAgent({ maxTotal: 2 }, async (agent) => {
      await burst(agent, one, 2)
      expect(one.open).toBe(2)
      expect(await ask(agent, two)).toBe('ok')
      expect(all.most).toBe(2)
    })
  })

  it('keeps connections per origin to maxPerHost, under that name or as connections', async () => {
    await withAgent({ maxPerHost: 3 }, async (agent) => {
      await burst(agent, one, 9, 3)
      expect(one.most).toBe(3)
    })
    await withAgent(
      {},
      async (agent) => {
        await burst(agent, one, 4, 2)
        expect(one.most).toBe(2)
      },
      { connections: 2 },
    )
  })

  it('closes idle connections beyond maxIdlePerHost, and keeps the others for reuse', async () => {
    await withAgent({ maxIdlePerHost: 4 }, async (agent) => {
      await burst(agent, one, 20)
      expect(one.most).toBe(20)
      await until(() => one.open === 4)
      await burst(agent, one, 4)
      expect(one.accepted).toBe(20)
    })
  })

  it('closes idle connections of all origins beyond maxIdleTotal, the longest unused first', async () => {
    await withAgent({ maxIdleTotal: 5 }, async (agent) => {
      await burst(agent, one, 5)
      await burst(agent, two, 4)
      await until(() => one.open === 1 && two.open === 4)
      expect(all.open).toBe(5)
    })
  })

  it('gives up waiting after poolWaitMs, and the one that holds the connection is untouched', async () => {
    await withAgent({ maxTotal: 1, poolWaitMs: 50 }, async (agent) => {
      const first = ask(agent, one, '/held')
      await expect(ask(agent, two)).rejects.toBeInstanceOf(PoolWaitError)
      await expect(ask(agent, one)).rejects.toThrow(/became free within 50 ms: the request was never sent/)
      one.held.pop()?.end('ok')
      expect(await first).toBe('ok')
      expect(await ask(agent, one)).toBe('ok')
      expect(one.accepted).toBe(1)
    })
  })

  it('refuses at once where nobody is to wait', async () => {
    await withAgent({ maxPerHost: 1, poolWaitMs: 0 }, async (agent) => {
      const first = ask(agent, one, '/held')
      await expect(ask(agent, one)).rejects.toThrow(/requests do not wait here/)
      while (one.held.length === 0) await new Promise(setImmediate)
      one.held.pop()?.end('ok')
      await first
    })
  })

  it('survives connections that the server closes, idle and busy', async () => {
    await withAgent({ maxTotal: 2, maxIdlePerHost: 2 }, async (agent) => {
      await burst(agent, one, 2)
      one.server.closeIdleConnections()
      await until(nothingOpen)
      const cut = ask(agent, one, '/held')
      while (one.held.length === 0) await new Promise(setImmediate)
      one.held.pop()?.socket?.destroy()
      await expect(cut).rejects.toThrow()
      await burst(agent, one, 4, 2)
      expect(one.most).toBe(2)
    })
  })

  it('serves built-in behaviour: an aborted request frees its place, an unread one keeps it', async () => {
    await withAgent({ maxTotal: 1, poolWaitMs: 5_000 }, async (agent) => {
      const abort = new AbortController()
      const first = undici.request(`${one.origin}/held`, { dispatcher: agent, signal: abort.signal })
      while (one.held.length === 0) await new Promise(setImmediate)
      abort.abort()
      await expect(first).rejects.toThrow()
      one.held.length = 0
      expect(await ask(agent, one)).toBe('ok')
      const { body } = await undici.request(`${one.origin}/big`, { dispatcher: agent })
      const next = ask(agent, one)
      expect(await Promise.race([next, new Promise((resolve) => setImmediate(resolve, 'waits'))])).toBe('waits')
      await body.dump()
      expect(await next).toBe('ok')
    })
  })

  it('destroyed, fails what waits', async () => {
    const agent = cappedAgent(undici, { maxTotal: 1 })
    const asked = [ask(agent, one, '/held'), ask(agent, one)].map((promise) => promise.catch((error: Error) => error.message))
    while (one.held.length === 0) await new Promise(setImmediate)
    await agent.destroy(new Error('enough'))
    expect(await Promise.all(asked)).toEqual([expect.any(String), 'enough'])
    one.held.length = 0
    await until(nothingOpen)
  })
})

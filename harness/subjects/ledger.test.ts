import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent as Dispatcher, Pool, request, setGlobalDispatcher } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

const SECRET = 'hunter2-signature'
const server = createServer((request, response) => {
  if (request.url?.startsWith('/silence') === true) return
  if (request.url === '/broken') {
    response.writeHead(200, { 'content-length': 200_000 }).write('x', () => response.destroy())
    return
  }
  response.writeHead(200, { 'x-answer': SECRET, 'keep-alive': 'timeout=7', 'content-length': 200_000 })
  response.end('x'.repeat(200_000))
})
let origin = ''
let ledger: Ledger

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})
beforeEach(() => {
  ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
})
afterEach(() => ledger.stop())

const ask = (agent: Agent | false, path = '/'): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => get(`${origin}${path}`, { agent }, resolve).on('error', reject))

describe('a request', () => {
  it('leads to its socket, and that to an inode the kernel knows', async () => {
    const agent = new Agent({ keepAlive: true })
    const response = await ask(agent)
    const page = ledger.page()
    const [open] = page.requests
    const socket = page.sockets.find(({ id }) => id === open?.socketId)
    expect(open).toMatchObject({
      client: 'node:http',
      phase: 'headers',
      reader: 'none',
      status: 200,
      bodyBytes: 200_000,
      ordinalAtSite: null,
    })
    expect(socket).toMatchObject({ localPort: response.socket.localPort, role: 'outbound', owner: 'node:http', serverHintMs: 7_000 })
    const inodes = readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)]
      } catch {
        return []
      }
    })
    expect(inodes).toContain(`socket:[${socket?.inode}]`)
    expect(page.pools).toMatchObject([{ client: 'node:http', origin, leased: 1, idle: 0, queued: 0, limit: Number.POSITIVE_INFINITY }])
    agent.destroy()
  })

  it('leaves the page once its body is read, and its connection is idle then', async () => {
    const agent = new Agent({ keepAlive: true, timeout: 9_000 })
    await once((await ask(agent)).resume(), 'close')
    const page = ledger.page()
    expect(page.requests).toEqual([])
    const [outbound] = page.sockets.filter(({ role }) => role === 'outbound')
    expect(outbound).toMatchObject({ isIdle: true, idleTimeoutMs: 6_000, requestsServed: 1 })
    expect(page.counts).toMatchObject({ sent: 1, ok: 1, failed: 0, connectionsOpened: 1 })
    agent.destroy()
  })

  it('has its ordinal among those of its line, also when it is queued in an Agent', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 2 })
    for (let i = 0; i < 3; i += 1) {
      const asked = get(`${origin}/${i}`, { agent }).on('error', () => {})
      if (i < 2) await once(asked, 'response')
    }
    const phases = ledger.page().requests.map(({ phase, ordinalAtSite }) => `${ordinalAtSite} ${phase}`)
    expect(phases).toEqual(['1 headers', '2 headers', '3 queued'])
    agent.destroy()
  })

  it('queued in an undici Pool is named with its line and its place', async () => {
    const pool = new Pool(origin, { connections: 2 })
    const waiting = Array.from({ length: 5 }, (_, i) => pool.request({ path: `/${i}?sig=${SECRET}`, method: 'GET' }).catch(() => {}))
    await Promise.all(waiting.slice(0, 2))
    const { requests, pools } = ledger.page()
    const queued = requests.filter(({ phase }) => phase === 'queued')
    expect(queued.map(({ path, ordinalAtSite }) => `${path} ${ordinalAtSite}`)).toEqual(['/2 3', '/3 4', '/4 5'])
    expect(new Set(requests.map(({ openedAt }) => openedAt?.line)).size).toBe(1)
    expect(requests[0]?.openedAt?.file).toBe(import.meta.filename)
    expect(pools).toMatchObject([{ leased: 2, queued: 3 }])
    await pool.destroy()
    expect(ledger.page().requests).toEqual([])
  })

  it('that had to queue keeps its own line when it is dispatched from somebody else’s call', async () => {
    const pool = new Pool(origin, { connections: 1 })
    const first = await pool.request({ path: '/first', method: 'GET' })
    const second = pool.request({ path: '/second', method: 'GET' })
    const [before] = ledger.page().requests.filter(({ path }) => path === '/second')
    await first.body.dump()
    await second
    const [after] = ledger.page().requests
    expect(after).toMatchObject({ path: '/second', phase: 'headers', openedAt: before?.openedAt })
    await pool.destroy()
  })

  it('that was aborted is over', async () => {
    const dispatcher = new Dispatcher()
    const giveUp = new AbortController()
    const silent = request(`${origin}/silence`, { dispatcher, signal: giveUp.signal }).catch(() => {})
    const asked = get(`${origin}/silence`, { agent: false, signal: giveUp.signal }).on('error', () => {})
    await once(asked, 'finish')
    const closed = new Promise((resolve) => asked.once('close', resolve))
    giveUp.abort()
    await Promise.all([silent, closed])
    expect(ledger.page().requests).toEqual([])
    await dispatcher.destroy()
  })
})

describe('built-in fetch', () => {
  // Where undici keeps its global dispatcher; setGlobalDispatcher alone would put the old one back in a wrapper.
  const symbols = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map((name) => Symbol.for(name))
  const before = symbols.map((symbol) => Reflect.get(globalThis, symbol) as object)
  const dispatcher = new Dispatcher()
  beforeAll(() => setGlobalDispatcher(dispatcher))
  afterAll(async () => {
    for (const [index, symbol] of symbols.entries()) Reflect.set(globalThis, symbol, before[index])
    await dispatcher.destroy()
  })

  it('is known as fetch when an Agent of the undici package is global', async () => {
    const { body } = await fetch(origin)
    expect(ledger.page().requests).toMatchObject([{ client: 'fetch', phase: 'headers', origin }])
    await body?.cancel()
  })

  it('has been answered when its body is cancelled, and has failed when its body breaks off', async () => {
    await (await fetch(origin)).body?.cancel()
    expect(ledger.page().counts).toMatchObject({ sent: 1, ok: 1, failed: 0 })
    await expect(fetch(`${origin}/broken`).then((response) => response.text())).rejects.toThrow('terminated')
    expect(ledger.page().counts).toMatchObject({ sent: 2, ok: 1, failed: 1 })
  })
})

describe('a page', () => {
  it('never holds a query string or a header', async () => {
    const dispatcher = new Dispatcher()
    const headers = { authorization: SECRET, cookie: SECRET }
    const { body } = await request(`${origin}/path?X-Amz-Signature=${SECRET}`, { dispatcher, headers })
    const kept = await fetch(`${origin}/path?token=${SECRET}`, { headers })
    const agent = new Agent({ keepAlive: true })
    const open = await new Promise<IncomingMessage>((resolve) => get(`${origin}/path?k=${SECRET}`, { agent, headers }, resolve))
    const page = ledger.page()
    expect(page.requests.map(({ client, path }) => `${client} ${path}`)).toEqual(['undici /path', 'fetch /path', 'node:http /path'])
    expect(JSON.stringify(page)).not.toContain(SECRET)
    await body.dump()
    await kept.body?.cancel()
    open.destroy()
    agent.destroy()
    await dispatcher.destroy()
  })

  it('tells what descends from the work from what others do after its end', async () => {
    const timers: NodeJS.Timeout[] = []
    ledger.inWork(() => setTimeout(() => timers.push(setTimeout(() => {}, 60_000)), 10))
    ledger.endWork()
    timers.push(setTimeout(() => {}, 60_000))
    await new Promise((resolve) => setTimeout(resolve, 40))
    const left = ledger.page().handles.filter(({ type, isReferenced }) => type === 'Timeout' && isReferenced === true)
    expect(left).toHaveLength(1)
    for (const timer of timers) clearTimeout(timer)
  })

  it('says in whose pool a connection is, also when an earlier ledger knew it first', async () => {
    const agent = new Agent({ keepAlive: true })
    await once((await ask(agent)).resume(), 'close')
    ledger.stop()
    ledger = startLedger(clientEyes, 'full')
    ledger.beginWork(0)
    await ask(agent)
    const { requests, sockets, pools } = ledger.page()
    expect(sockets.filter(({ id }) => id === requests[0]?.socketId)).toMatchObject([{ iteration: -1, poolId: pools[0]?.id }])
    expect(pools).toMatchObject([{ isOlderThanBaseline: true }])
    agent.destroy()
  })
})

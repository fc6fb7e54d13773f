/** Beside the ledger's other tests that need probes: which failures are resets of a connection that had idled. */
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Pool } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

let ledger: Ledger
/** How many requests of one connection are answered before it is reset. */
let answered = 1
const server = createServer((socket: Socket) => {
  let requests = 0
  socket
    .on('error', () => {})
    .on('data', () => {
      requests += 1
      if (requests > answered) socket.resetAndDestroy()
      else socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=30\r\nContent-Length: 2\r\n\r\nok')
    })
})
let origin = ''
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())
beforeEach(() => {
  answered = 1
  ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
})
afterEach(() => ledger.stop())

/** Time that passes while a connection idles: the ledger counts in ms. */
const idle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

const CLIENTS: Readonly<Record<string, (work: (ask: () => Promise<unknown>) => Promise<void>) => Promise<void>>> = {
  async 'node:http'(work) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await work(
      () =>
        new Promise((resolve) => {
          get(`${origin}/order?token=1`, { agent }, (response) => response.resume().once('end', resolve)).once('error', resolve)
        }),
    )
    agent.destroy()
  },
  async undici(work) {
    const pool = new Pool(origin, { connections: 1 })
    const ask = async (): Promise<void> => {
      const { body } = await pool.request({ path: '/order?token=1', method: 'POST', body: '' })
      await body.text()
    }
    await work(() => ask().catch(() => {}))
    await pool.close()
  },
}

describe.each(Object.keys(CLIENTS))('with %s', (name) => {
  const use = CLIENTS[name] ?? (async () => {})

  test('a request that dies on a connection that had idled is one, with the time and the hint', async () => {
    await use(async (ask) => {
      await ask()
      await idle()
      await ask()
    })
    expect(ledger.page().resets).toEqual([
      expect.objectContaining({
        client: name,
        origin,
        path: '/order',
        says: expect.stringMatching(/^(ECONNRESET|UND_ERR_SOCKET)$/),
        serverHintMs: 30_000,
      }),
    ])
    const [reset] = ledger.page().resets
    expect(reset?.idleForMs).toBeGreaterThanOrEqual(15)
    expect(reset?.openedAt?.file).toContain('resets.test.ts')
  })

  test('one that dies on a connection of its own is none', async () => {
    answered = 0
    await use(async (ask) => void (await ask()))
    expect(ledger.page().resets).toEqual([])
    expect(ledger.page().counts.failed).toBe(1)
  })

  test('one that waited in a queue met a connection that had hardly idled', async () => {
    await use(async (ask) => void (await Promise.all([ask(), ask()])))
    // undici hands a queued one over some ms after the last has ended; half of the 30 s the server allows would be another thing.
    expect(ledger.page().resets.every(({ idleForMs }) => idleForMs < 15_000)).toBe(true)
    expect(ledger.page().counts.failed).toBe(1)
  })
})

import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer as createRawServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { diagnose } from '../diagnosis/diagnose.ts'
import { materialOf, optionsOf } from '../diagnosis/made-up.ts'
import { HarnessError, LeakError } from '../model/errors.ts'
import { describeDiagnosis, expectNoLeaks, findLeaks } from './find-leaks.ts'

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.url === '/silence') return
  response.end('x'.repeat(1_000))
})
let origin = ''
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

const ask = (agent: Agent | false, path = '/'): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => get(`${origin}${path}`, { agent }, resolve).on('error', reject))
const sockets: Socket[] = []
const readWith = async (agent: Agent | false): Promise<void> => void (await once((await ask(agent)).resume(), 'end'))

describe('findLeaks', () => {
  it('says clean soon after the last socket has closed', async ({ annotate }) => {
    let closedAtMs = 0
    const raw = createRawServer((socket) => void socket.resume()).listen(0, '127.0.0.1')
    await once(raw, 'listening')
    const diagnosis = await findLeaks(
      async () => {
        const socket = connect((raw.address() as AddressInfo).port, '127.0.0.1')
        await once(socket, 'connect')
        setTimeout(() => socket.destroy(), 250)
        socket.once('close', () => {
          closedAtMs = performance.now()
        })
      },
      { idleTimeoutMs: 5_000 },
    )
    const tookMs = performance.now() - closedAtMs
    await annotate(`clean ${tookMs.toFixed(1)} ms after the last socket closed`)
    expect(diagnosis.verdict).toBe('clean')
    // 50 ms on an idle machine; this one may be shared.
    expect(tookMs).toBeLessThan(500)
    raw.close()
  })

  it('refuses a second call while one is running, and allows it afterwards', async () => {
    const first = findLeaks(() => new Promise((resolve) => setTimeout(resolve, 50)))
    await expect(findLeaks(() => {})).rejects.toMatchObject({ name: 'HarnessError', code: 'OVERLAPPING_CALLS' })
    await first
    expect((await findLeaks(() => {})).verdict).toBe('clean')
  })

  it('judges calls at the same time each for its own, when they ask for it', async () => {
    const agent = new Agent({ keepAlive: true })
    const options = { idleTimeoutMs: 300, concurrent: 'attribute' } as const
    const timers: NodeJS.Timeout[] = []
    const held: IncomingMessage[] = []
    const [reads, forgets, ticks, connects] = await Promise.all([
      findLeaks(async () => {
        for (let turn = 0; turn < 10; turn += 1) await readWith(false)
      }, options),
      findLeaks(async () => void held.push(await ask(agent)), options),
      findLeaks(() => void timers.push(setInterval(() => {}, 1_000)), options),
      findLeaks(async () => {
        const socket = connect(Number(new URL(origin).port), '127.0.0.1')
        await once(socket, 'connect')
        sockets.push(socket)
      }, options),
    ])
    expect([reads, forgets, ticks, connects].map(({ findings }) => findings.map(({ code, count }) => `${code} x${count}`))).toEqual([
      ['CONNECTION_CHURN x10'],
      ['UNREAD_BODY x1'],
      ['TIMER_LEFT x1'],
      ['SOCKET_LEFT_OPEN x1'],
    ])
    expect(reads.requests.sent).toBe(10)
    for (const timer of timers) clearInterval(timer)
    for (const socket of sockets) socket.destroy()
    agent.destroy()
  })

  it('tells calls at the same time apart at level full only', async () => {
    await expect(findLeaks(() => {}, { concurrent: 'attribute', level: 'sampled' })).rejects.toThrow(/needs level 'full'/)
  })

  it('is ready for the next call after options it refused', async () => {
    await expect(findLeaks(() => {}, { idleTimeoutMs: -1 })).rejects.toBeInstanceOf(HarnessError)
    expect((await findLeaks(() => {})).verdict).toBe('clean')
  })

  it('reports what the work threw, and judges all the same', async () => {
    const agent = new Agent({ keepAlive: true, timeout: 200 })
    const mistake = new Error('after the headers')
    const diagnosis = await findLeaks(
      async () => {
        await ask(agent)
        throw mistake
      },
      { idleTimeoutMs: 300 },
    )
    expect(diagnosis).toMatchObject({ workError: mistake, verdict: 'leaked', requests: { sent: 1, ok: 1, failed: 0 } })
    expect(diagnosis.findings.map(({ code, count }) => `${code} x${count}`)).toEqual(['UNREAD_BODY x1'])
    agent.destroy()
  })

  it('stops when its signal is aborted, and says that this settles nothing', async () => {
    const giveUp = new AbortController()
    setTimeout(() => giveUp.abort(), 50)
    const diagnosis = await findLeaks(() => new Promise(() => {}), { signal: giveUp.signal })
    expect(diagnosis).toMatchObject({ verdict: 'inconclusive', missing: ['interrupted before the deadline'] })
  })

  it('does not begin what was given up before', async () => {
    const work = vi.fn<() => void>()
    const { verdict } = await findLeaks(work, { signal: AbortSignal.abort(), warmUp: 1 })
    expect({ calls: work.mock.calls.length, verdict }).toEqual({ calls: 0, verdict: 'inconclusive' })
  })

  it.each([
    ['while it awaits what it asked for', async (agent: Agent) => void (await ask(agent, '/silence'))],
    ['when it has ended, and its time has not passed', async (agent: Agent) => void (await ask(agent))],
  ])('blames nobody for what is open when it is interrupted %s', async (_, work) => {
    const agent = new Agent({ keepAlive: true })
    const giveUp = new AbortController()
    setTimeout(() => giveUp.abort(), 100)
    const diagnosis = await findLeaks(() => work(agent).catch(() => {}), { signal: giveUp.signal })
    agent.destroy()
    expect(diagnosis).toMatchObject({ verdict: 'inconclusive', findings: [], returnedToBaselineMs: null })
    expect(diagnosis.recount.sockets).toBeGreaterThan(diagnosis.baseline.sockets ?? 0)
  })

  it('lets an allowance with its reason pass', async () => {
    const agent = new Agent({ keepAlive: true })
    const options = { idleTimeoutMs: 200, allow: [{ code: 'IDLE_PAST_DEADLINE', origin, because: 'the exporter stays' }] } as const
    expect((await findLeaks(() => readWith(agent), { ...options, allow: [...options.allow] })).verdict).toBe('clean')
    agent.destroy()
  })

  it('knows a connection that an earlier call has seen', async () => {
    const agent = new Agent({ keepAlive: true, timeout: 30_000 })
    await findLeaks(() => readWith(agent))
    const { findings } = await findLeaks(async () => void (await ask(agent)), { idleTimeoutMs: 200 })
    expect(findings[0]?.evidence.filter(({ ledger }) => ledger === 'pools').map(({ value }) => value)).toEqual([1, 0])
    expect(findings).toHaveLength(1)
    agent.destroy()
  })
})

it('what work waits for is called stalled whenever it was asked for: it is looked at until it has stood still long enough', async () => {
  const agent = new Agent()
  const diagnosis = await findLeaks(
    async () => {
      await sleep(200)
      await ask(agent, '/silence')
    },
    { workTimeoutMs: 250, idleTimeoutMs: 100 },
  )
  agent.destroy()
  expect(diagnosis.findings.map(({ code }) => code)).toContain('HEADERS_STALLED')
})

describe('expectNoLeaks', () => {
  it('throws a LeakError that says what, where, why and how to fix it', async () => {
    const agent = new Agent({ keepAlive: true, timeout: 200 })
    const error = await expectNoLeaks(async () => void (await ask(agent)), { idleTimeoutMs: 300 }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(LeakError)
    const text = String((error as Error).message)
    expect(text).toMatch(/^leaked:\n {2}UNREAD_BODY x1 opened at harness\/session\/find-leaks\.test\.ts:\d+/)
    expect(text).toMatch(/why {2}headers at \+\d+ ms, 0 of 1000 bytes read: 1; /)
    expect(text).toMatch(/fix {2}read the body to its end/)
    agent.destroy()
  })

  it('rethrows what the work threw, with the diagnosis attached', async () => {
    const mistake = new TypeError('mine')
    const caught = await expectNoLeaks(() => Promise.reject(mistake)).catch((error: unknown) => error)
    expect(caught).toBe(mistake)
    expect(caught).toMatchObject({ diagnosis: { verdict: 'clean' } })
  })

  it.each([
    [
      'has a diagnosis of its own, for reading only',
      class extends Error {
        get diagnosis() {
          return 'flu'
        }
      },
      { diagnosis: { verdict: 'clean' } },
    ],
    [
      'is frozen',
      class extends Error {
        constructor() {
          super()
          Object.freeze(this)
        }
      },
      {},
    ],
  ])('rethrows it as well where it %s', async (_, Mistake, expected) => {
    const mistake = new Mistake()
    const caught = await expectNoLeaks(() => Promise.reject(mistake)).catch((error: unknown) => error)
    expect(caught).toBe(mistake)
    expect(caught).toMatchObject(expected)
  })

  it('returns nothing when all is clean', async () => {
    await expect(expectNoLeaks(() => readWith(false))).resolves.toBeUndefined()
  })
})

it.each([
  ['leaked', [], /^leaked:\n {2}ALLOWANCE_UNUSED x1/],
  ['leaked', ['kernel: no /proc'], /^leaked:\n {2}ALLOWANCE_UNUSED x1[\s\S]*\n {2}note {2}kernel: no \/proc$/],
  ['inconclusive', ['interrupted', 'kernel: no /proc'], /^inconclusive: interrupted; kernel: no \/proc\n {2}ALLOWANCE_UNUSED x1/],
] as const)('a diagnosis that is %s and missed %j says so', (verdict, missing, said) => {
  const material = materialOf({ options: optionsOf({ allow: [{ origin: 'http://127.0.0.1:1', because: 'an exporter' }] }) })
  expect(describeDiagnosis({ ...diagnose(material), verdict, missing })).toMatch(said)
})

it('work that rejects with nothing has failed all the same', async () => {
  const reject = (): Promise<void> => Promise.reject()
  expect((await findLeaks(reject)).workError).toEqual(new Error('the work threw undefined'))
  await expect(expectNoLeaks(reject)).rejects.toThrow('the work threw undefined')
})

it('work that is no function is refused, and says what to pass', async () => {
  await expect(findLeaks(undefined as never)).rejects.toThrow('the work is undefined, not a function')
  await expect(findLeaks('job' as never)).rejects.toThrow('the work is a string, not a function')
  await expect(findLeaks(Promise.resolve() as never)).rejects.toThrow(
    'the work is an object, perhaps a promise of work that runs already, not a function',
  )
})

/** Beside the ledger's other tests that need probes: requests of undici whose handler hides whoever asked, as interceptors' handlers do. */
import { EventEmitter, once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent, type Dispatcher, interceptors, Pool, request } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

const BODY = Buffer.alloc(1_000_000)
/** More than are looked through one by one. */
const MANY = 300
const waiting: ServerResponse[] = []
const server = createServer((req, response) => {
  if (req.url === '/big') response.end(BODY)
  else if (req.url === '/busy') response.writeHead(503).end()
  else waiting.push(response)
})
let origin = ''
let ledger: Ledger
let made: Dispatcher[] = []
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close().closeAllConnections())
beforeEach(() => {
  ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
})
afterEach(async () => {
  ledger.stop()
  await Promise.all(made.map((dispatcher) => dispatcher.destroy()))
  made = []
  waiting.length = 0
})

const kept = <T extends Dispatcher>(dispatcher: T): T => {
  made.push(dispatcher)
  return dispatcher
}
const untilAsked = async (count: number): Promise<void> => {
  while (waiting.length < count) await once(server, 'request')
}
const composed = (interceptor: Dispatcher.DispatcherComposeInterceptor): Dispatcher => kept(new Agent()).compose(interceptor)
/** Whoever is destroyed at the end fails. */
const ask = (dispatcher: Dispatcher, path: string): void => void request(origin + path, { dispatcher }).catch(() => {})
const open = () => ledger.page().requests.map(({ client, path, phase, reader }) => ({ client, path, phase, reader }))

describe.each(['cache', 'decompress', 'responseError', 'deduplicate', 'dump'] as const)('behind %s', (name) => {
  // Its warning that it is experimental would be the first thing asked for.
  const interceptor = (): Dispatcher.DispatcherComposeInterceptor => interceptors[name]()

  test('a request without an answer is one request, before and after it is sent', async () => {
    ask(composed(interceptor()), '/stall')
    expect(open()).toEqual([{ client: 'undici', path: '/stall', phase: 'queued', reader: null }])
    await untilAsked(1)
    expect(open()).toEqual([{ client: 'undici', path: '/stall', phase: 'sent', reader: null }])
    expect(ledger.page().counts.sent).toBe(1)
  })

  test.skipIf(name === 'dump')('who reads a body is seen', async () => {
    const dispatcher = composed(interceptor())
    const [held, read] = [await request(`${origin}/big`, { dispatcher }), await request(`${origin}/big`, { dispatcher })]
    const page = ledger.page()
    expect(page.requests.map(({ reader }) => reader)).toEqual(['none', 'none'])
    expect(page.requests.map(({ openedAt }) => openedAt?.file)).toEqual([import.meta.filename, import.meta.filename])
    await read.body.dump({ limit: BODY.length * 2 })
    expect(open()).toHaveLength(1)
    held.body.on('error', () => {}).destroy()
  })

  test('requests that wait in a Pool are shown once each, and are not given up', async () => {
    const pool = kept(new Pool(origin, { connections: 2 })).compose(interceptor())
    for (const path of ['/1', '/2', '/3', '/4', '/5']) pool.request({ path, method: 'GET' }).catch(() => {})
    await untilAsked(2)
    expect(open().map(({ path, phase }) => `${path} ${phase}`)).toEqual(['/1 sent', '/2 sent', '/3 queued', '/4 queued', '/5 queued'])
    expect(ledger.page().requests.map(({ givenUpMs }) => givenUpMs)).toEqual([null, null, null, null, null])
  })
})

test('a request that is dispatched late, after a look-up of names, is one request, at its line, and who reads its body is seen', async () => {
  const dispatcher = composed(
    interceptors.dns({ lookup: (_origin, _options, back) => setImmediate(back, null, [{ address: '127.0.0.1', family: 4, ttl: 1 }]) }),
  )
  const { body } = await request(`http://somewhere.test:${new URL(origin).port}/big`, { dispatcher })
  const { requests } = ledger.page()
  expect(requests).toMatchObject([{ reader: 'none', openedAt: { file: import.meta.filename } }])
  body.on('error', () => {}).destroy()
})

describe('however many wait for an interceptor’s own answer', () => {
  let answers: (() => void)[] = []
  const mocked: Dispatcher.DispatcherComposeInterceptor = () => (_options, handler) => {
    answers.push(() => new Hidden(handler).onResponseError(null as never, new Error('no')))
    return true
  }
  beforeEach(() => {
    const dispatcher = composed(mocked)
    for (let i = 0; i < MANY; i += 1) ask(dispatcher, '/mocked')
  })
  afterEach(() => {
    for (const answer of answers) answer()
    answers = []
  })
  const readers = () => open().flatMap(({ path, reader }) => (path === '/big' ? [reader] : []))

  test('who reads a body is seen', async () => {
    const { body } = await request(`${origin}/big`, { dispatcher: composed(interceptors.responseError()) })
    expect(readers()).toEqual(['none'])
    body.on('error', () => {}).destroy()
  })

  test('so it is of a body that was asked for in the queue of a Pool', async () => {
    const pool = kept(new Pool(origin, { connections: 2 })).compose(interceptors.responseError())
    const [first, second, third] = [1, 2, 3].map(() => pool.request({ path: '/big', method: 'GET' }))
    for (const answer of [await first, await second]) await answer?.body.dump({ limit: BODY.length * 2 })
    const last = await third
    expect(readers()).toEqual(['none'])
    last?.body.on('error', () => {}).destroy()
  })
})

test('one that is answered with what another asked for is not under way itself', async () => {
  const dispatcher = composed(interceptors.deduplicate())
  for (const path of ['/stall', '/stall']) ask(dispatcher, path)
  await untilAsked(1)
  expect(open()).toEqual([{ client: 'undici', path: '/stall', phase: 'sent', reader: null }])
})

test('while its connection is being made, too, it is one request', async () => {
  const events = new EventEmitter()
  const agent = kept(new Agent({ connect: () => void setImmediate(() => events.emit('connecting')) }))
  const looked: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
    setImmediate(() => dispatch(options, new Hidden(handler)))
    return true
  }
  ask(agent.compose(looked), '/never')
  await once(events, 'connecting')
  expect(open()).toMatchObject([{ path: '/never', phase: 'queued' }])
})

test('a request that an interceptor answers himself and one that is dispatched by hand in the same breath are not taken for each other', async () => {
  const agent = kept(new Agent())
  const answers: (() => void)[] = []
  const mocked: Dispatcher.DispatcherComposeInterceptor = () => (_options, handler) => {
    answers.push(() => new Hidden(handler).onResponseError(null as never, new Error('no')))
    return true
  }
  ask(agent.compose(mocked), '/kept')
  const events = new EventEmitter()
  agent.dispatch({ origin, path: '/own', method: 'GET' }, new Hidden({ onResponseEnd: () => void events.emit('end') }))
  await untilAsked(1)
  // Until it is answered, the interceptor may have asked with it whether its answer still holds.
  expect(open()).toMatchObject([{ path: '/own', phase: 'sent', reader: null }])
  const [own] = ledger.page().requests
  const end = once(events, 'end')
  waiting[0]?.end()
  await end
  const [mockedOne, ...others] = ledger.page().requests
  expect(others).toEqual([])
  expect(mockedOne).toMatchObject({ path: null, phase: 'queued', openedAt: { file: import.meta.filename } })
  expect(own?.openedAt?.line).toBeGreaterThan(mockedOne?.openedAt?.line ?? Number.POSITIVE_INFINITY)
  for (const answer of answers) answer()
})

test('a retry that waits in a Pool has begun before, and waits', async () => {
  const pool = kept(new Pool(origin, { connections: 2 }))
  const again = await new Promise<() => void>((resolve) => {
    // The second time it is the pool that is destroyed.
    let isFirst = true
    const retry = (error: Error, _state: unknown, back: (error: Error | null) => void): void => {
      if (isFirst) resolve(() => back(null))
      else back(error)
      isFirst = false
    }
    const retried = pool.compose(interceptors.retry({ retry }))
    retried.request({ path: '/busy', method: 'GET' }).catch(() => {})
  })
  for (const path of ['/1', '/2']) pool.request({ path, method: 'GET' }).catch(() => {})
  await untilAsked(2)
  again()
  expect(open()).toMatchObject([{ path: '/1' }, { path: '/2' }, { path: '/busy', phase: 'queued' }])
})

/** A handler that keeps another to itself. */
class Hidden implements Dispatcher.DispatchHandler {
  readonly #inner: Dispatcher.DispatchHandler
  constructor(inner: Dispatcher.DispatchHandler) {
    this.#inner = inner
  }
  onRequestStart(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestStart']>>): void {
    this.#inner.onRequestStart?.(...args)
  }
  onResponseStart(): void {}
  onResponseData(): void {}
  onResponseEnd(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>): void {
    this.#inner.onResponseEnd?.(...args)
  }
  onResponseError(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseError']>>): void {
    this.#inner.onResponseError?.(...args)
  }
}

/**
 * A leak detector that leaks would be believed once. Not guarded, like few of our tests (vitest.config.ts): counted is what the process is like
 * while nobody watches.
 */
import { type AsyncHook, createHook } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import { getEventListeners, once } from 'node:events'
import fs from 'node:fs'
import { Agent, createServer, get, type IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, connect, Server } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startLedger } from '../ledger/ledger.ts'
import type { FindLeaksOptions } from '../model/options.ts'
import { countDescriptors } from '../probes/descriptors.ts'
import { clientEyes } from '../probes/pools.ts'
import { findLeaks } from './find-leaks.ts'

const newServer = () => createServer({ keepAliveTimeout: 0 }, (_, response) => void response.end('x'.repeat(1_000)))
const server = newServer()
/** Of its own, because the other one closes its idle connections. */
const warmServer = newServer()
let origin = ''
beforeAll(async () => {
  await Promise.all([server, warmServer].map((each) => once(each.listen(0, '127.0.0.1'), 'listening')))
  origin = originOf(server)
})
const originOf = (each: Server): string => `http://127.0.0.1:${(each.address() as AddressInfo).port}`
/** Older than every call, and used by many: what a ledger hangs on its connection would pile up. */
const warm = new Agent({ keepAlive: true, maxSockets: 1 })
afterAll(() => {
  warm.destroy()
  for (const each of [server, warmServer]) each.close().closeAllConnections()
})

const ask = (agent: Agent | false, url = origin): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => void get(url, { agent }, resolve).on('error', reject))

/** What a work leaves open on purpose, to be let go of when it has been judged. */
type LetGo = () => void

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const job = new AbortController()
async function fetchesWithOneSignal(): Promise<void> {
  for (let count = 0; count < 5; count += 1) await (await fetch(originOf(warmServer), { signal: job.signal })).text()
}

/** Work of every kind: nothing, clean, failing, aborted, and leaking of everything the ledger keeps a list of. */
const KINDS: readonly ((letGoes: LetGo[]) => Promise<void> | void)[] = [
  () => {},
  async () => void (await once((await ask(false)).resume(), 'end')),
  async () => void (await once((await ask(warm, originOf(warmServer))).resume(), 'end')),
  async (letGoes) => {
    letGoes.push(() => server.closeIdleConnections())
    await (await fetch(origin)).text()
  },
  async (letGoes) => {
    const agent = new Agent({ keepAlive: true })
    letGoes.push(() => agent.destroy())
    await ask(agent)
    throw new Error('after the headers')
  },
  async () => {
    const giveUp = new AbortController()
    const answer = fetch(origin, { signal: giveUp.signal })
    giveUp.abort()
    await answer.catch(() => {})
  },
  (letGoes) => {
    const timer = setInterval(() => {}, 1_000)
    letGoes.push(() => clearInterval(timer))
  },
  async (letGoes) => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    letGoes.push(() => socket.destroy())
    await once(socket, 'connect')
  },
  async (letGoes) => {
    const own = createServer()
    letGoes.push(() => own.close())
    await once(own.listen(0, '127.0.0.1'), 'listening')
  },
  (letGoes) => {
    const descriptor = fs.openSync(import.meta.filename, 'r')
    letGoes.push(() => fs.closeSync(descriptor))
  },
  (letGoes) => {
    const { signal } = new AbortController()
    const listeners = Array.from({ length: 12 }, () => () => {})
    for (const listener of listeners) signal.addEventListener('abort', listener)
    letGoes.push(() => {
      for (const listener of listeners) signal.removeEventListener('abort', listener)
    })
  },
]

const CHANNELS = ['http.client.request.created', 'http.client.request.error', 'http.client.response.finish', 'http.server.request.start']
  .concat(['undici:request:create', 'undici:request:headers', 'undici:request:trailers', 'undici:client:sendHeaders'])
  .concat(['net.client.socket', 'net.server.socket', 'tracing:net.server.listen:asyncStart', 'tracing:net.server.listen:asyncEnd'])

const methods = () => [
  Server.prototype.close,
  EventTarget.prototype.addEventListener,
  EventTarget.prototype.removeEventListener,
  ServerResponse.prototype.writeHead,
  ReadableStream.prototype.cancel,
  fs.open,
  fs.openSync,
  fs.close,
  fs.closeSync,
  fs.createReadStream,
  fs.promises.open,
]

/** Hooks of async_hooks at work: Node does not list them, so they are counted as they come and go. */
const hooksAtWork = new Set<AsyncHook>()
const hookMethods = Object.getPrototypeOf(createHook({})) as AsyncHook
const { enable, disable } = hookMethods
hookMethods.enable = function (this: AsyncHook) {
  hooksAtWork.add(this)
  return enable.call(this)
}
hookMethods.disable = function (this: AsyncHook) {
  hooksAtWork.delete(this)
  return disable.call(this)
}

/** Who listens, and what stands in the place of node's own methods: as before the very first call. */
const taps = () => ({
  hooks: hooksAtWork.size,
  subscribers: CHANNELS.filter((name) => channel(name).hasSubscribers),
  listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`),
})

/** Listeners of the connection that lives through all calls. */
const onWarm = () =>
  Object.values(warm.freeSockets).flatMap((sockets) =>
    (sockets ?? []).flatMap((socket) => socket.eventNames().map((name) => `${String(name)} ${socket.listenerCount(name)}`)),
  )

/** What is open: as after the first calls, which load the kernel probe and the clients. */
const openThings = () => ({ descriptors: countDescriptors(process.pid), resources: process.getActiveResourcesInfo().toSorted() })

async function judge(turn: number, options: FindLeaksOptions): Promise<string> {
  const letGoes: LetGo[] = []
  const work = KINDS[turn % KINDS.length]
  const { verdict } = await findLeaks(() => work?.(letGoes), { idleTimeoutMs: 1, ...options })
  for (const letGo of letGoes) letGo()
  return verdict
}

/** Once the last connection that was let go of has closed, and its timers with it; or when that takes too long. */
async function atRest(): Promise<ReturnType<typeof openThings>> {
  const untilMs = performance.now() + 10_000
  for (;;) {
    const now = openThings()
    if (!now.resources.some((type) => type === 'TCPSocketWrap' || type === 'Timeout') || performance.now() > untilMs) return now
    await setTimeout(20)
  }
}

test('a thousand calls leave nothing behind', async ({ annotate }) => {
  const methodsBefore = methods()
  const tapsBefore = taps()
  for (const turn of KINDS.keys()) await judge(turn, {})
  const openBefore = await atRest()
  const onWarmBefore = onWarm()

  const verdicts = new Set<string>()
  const startedMs = performance.now()
  for (let turn = 0; turn < 100; turn += 1) verdicts.add(await judge(turn, {}))
  const betweenMs = performance.now()
  for (let turn = 0; turn < 900; turn += 10) {
    const some = Array.from({ length: 10 }, (_, index) => judge(turn + index, { concurrent: 'attribute' }))
    for (const verdict of await Promise.all(some)) verdicts.add(verdict)
  }
  const perCallMs = [(betweenMs - startedMs) / 100, (performance.now() - betweenMs) / 900].map((ms) => ms.toFixed(1))
  await annotate(`${perCallMs[0]} ms a call, ${perCallMs[1]} ms where ten run at the same time`)

  expect([...verdicts].toSorted()).toEqual(['clean', 'leaked'])
  expect(await atRest()).toEqual(openBefore)
  expect(onWarm()).toEqual(onWarmBefore)
  expect(onWarmBefore).not.toEqual([])
  expect(taps()).toEqual(tapsBefore)
  expect(methods().every((method, index) => method === methodsBefore[index])).toBe(true)
})

test.each([
  ['findLeaks', async () => void (await findLeaks(fetchesWithOneSignal))],
  [
    'a ledger that goes on',
    async () => {
      const ledger = startLedger(clientEyes, 'full')
      ledger.beginWork(0)
      await fetchesWithOneSignal()
      ledger.startAfresh('sampled')
      onTestFinished(() => ledger.stop())
    },
  ],
])('after %s a connection that is kept keeps nothing of the requests it carried', async (_, watch) => {
  await watch()
  const listeners = () => getEventListeners(job.signal, 'abort').length
  // Those that fetch adds are taken away once the collector has their requests; it comes when asked, and tells a turn later.
  for (let turn = 0; turn < 20 && listeners() > 0; turn += 1) {
    collectGarbage()
    await setImmediate()
  }
  expect(listeners()).toBe(0)
})

/** Beside the ledger's other tests that need probes: what garbage collection does to the body of a fetch, and who loses by it. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fetch as packageFetch } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const server = createServer((request, response) => {
  if (request.url === '/moved') response.writeHead(302, { location: '/300000' }).end()
  else response.end(Buffer.alloc(Number(request.url?.slice(1))))
})
let origin = ''
let ledger: Ledger

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close().closeAllConnections())
beforeEach(() => {
  ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
})
afterEach(() => ledger.stop())

/**
 * Calls the collector until the condition holds: its callbacks come in turns of the event loop that nobody announces. Never in the turn of the
 * question: what a WeakRef has answered lives until the end of its turn.
 */
async function collectUntil(isSo: () => boolean): Promise<void> {
  for (let round = 0; round < 100 && !isSo(); round += 1) {
    await turn()
    collect()
    for (let turns = 0; turns < 5; turns += 1) await turn()
  }
}

async function collectOften(): Promise<void> {
  let rounds = 0
  await collectUntil(() => ++rounds > 4)
}

const fates = () => ledger.page().rescued.map(({ fate, count }) => `${fate} x${count}`)
/** The streams alone: a frame that holds the Response would keep it. */
const bodies = async (size: number, ask: typeof fetch, branches = 1): Promise<ReadableStream<Uint8Array>[]> => {
  const response = await ask(`${origin}/${size}`)
  const all = branches === 1 ? [response] : [response.clone(), response]
  return all.flatMap(({ body }) => body ?? [])
}
const lengthOf = async (stream: ReadableStream<Uint8Array>): Promise<number> => {
  let bytes = 0
  for await (const chunk of stream) bytes += chunk.length
  return bytes
}
const drop = async (size: number, branches = 1): Promise<void> => void (await bodies(size, fetch, branches))

test.each([
  ['built-in fetch', fetch],
  ['fetch of the undici package', packageFetch as unknown as typeof fetch],
])('with %s a stream that is read after its Response was collected is a loss, with the line of the reader', async (_name, ask) => {
  const [stream] = await bodies(300_000, ask)
  await collectUntil(() => fates().length > 0)
  expect(await lengthOf(stream as ReadableStream<Uint8Array>)).toBe(0)
  const here = { file: import.meta.filename }
  expect(ledger.page().rescued).toMatchObject([{ fate: 'read', count: 1, bodyBytes: 300_000, openedAt: here, lastTouchedAt: here }])
})

test('a stream that outlives the next collections too is held, one that does not was nobody’s', async () => {
  const [held] = await bodies(300_000, fetch)
  await collectUntil(() => fates().length > 0)
  expect(fates()).toEqual(['dropped x1'])
  await drop(300_000)
  await collectUntil(() => fates().includes('held x1'))
  expect(fates().toSorted()).toEqual(['dropped x1', 'held x1'])
  expect(held).toBeDefined()
})

test.each([
  ['built-in fetch', fetch],
  ['fetch of the undici package', packageFetch as unknown as typeof fetch],
])('with %s no stack that the ledger keeps holds a stream that nobody wanted, redirected or not', async (_name, ask) => {
  for (const path of ['moved', '300000', 'moved', '300000']) await (async () => void (await ask(`${origin}/${path}`)))()
  const counted = () => ledger.page().rescued.reduce((sum, { count }) => sum + count, 0)
  await collectUntil(() => counted() === 4)
  await collectOften()
  expect(counted()).toBe(4)
  expect(ledger.page().rescued.filter(({ fate }) => fate !== 'dropped')).toEqual([])
})

test('a clone’s branches are one body: held when one of them is', async () => {
  await drop(300_000, 2)
  await collectUntil(() => fates().length > 0)
  await collectOften()
  expect(fates()).toEqual(['dropped x1'])
  const branches = await bodies(300_000, fetch, 2)
  await collectUntil(() => fates().includes('held x1'))
  expect(fates().toSorted()).toEqual(['dropped x1', 'held x1'])
  expect(branches).toHaveLength(2)
})

test('a body that had come whole holds no connection, and is told of when it is read', async () => {
  const [stream] = await bodies(1_000, fetch)
  await collectUntil(() => Object.getOwnPropertyNames(stream).includes('getReader'))
  expect(fates()).toEqual([])
  expect(await lengthOf(stream as ReadableStream<Uint8Array>)).toBe(0)
  expect(ledger.page().rescued).toMatchObject([{ origin: null, fate: 'read', lastTouchedAt: { file: import.meta.filename } }])
})

test('who cancels by itself, or holds the Response, loses nothing', async () => {
  const response = await fetch(`${origin}/300000`)
  const [cancelled] = await bodies(300_000, fetch)
  await cancelled?.cancel()
  await collectOften()
  expect((await response.arrayBuffer()).byteLength).toBe(300_000)
  expect(fates()).toEqual([])
})

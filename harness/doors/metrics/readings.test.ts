import { expect, test } from 'vitest'
import type { LedgerPage, LedgerSocket, OpenRequest, PoolPage } from '../../model/ledger-page.ts'
import { NOTHING_YET, readPage } from './readings.ts'
import { boundedServers } from './servers.ts'

const ORIGIN = 'http://127.0.0.1:9000'

const body: OpenRequest = {
  ...{
    id: 1,
    client: 'undici',
    method: 'GET',
    origin: ORIGIN,
    path: '/',
    phase: 'headers',
    status: 200,
    createdAtMs: 0,
    headersAtMs: 1_000,
  },
  ...{ bodyBytes: 1_000_000, receivedBytes: 65_536, reader: 'none', bufferedBytes: 65_536, socketBytesRead: 70_000, iteration: 0 },
  ...{ socketId: 7, poolId: 3, openedAt: null, ordinalAtSite: null },
} as OpenRequest
const pool: PoolPage = {
  ...{ id: 3, client: 'undici', origin: ORIGIN, leased: 1, idle: 0, queued: 0, limit: 25, idleTimeoutMs: null, isOlderThanBaseline: false },
} as PoolPage
const idleSocket = { id: 9, role: 'outbound', isIdle: true, requestsServed: 3, origin: ORIGIN } as LedgerSocket

const pageAt = (atMs: number, more: Partial<LedgerPage>): LedgerPage => ({
  ...({
    level: 'sampled',
    atMs,
    requests: [],
    sockets: [],
    pools: [],
    rescued: [],
    dropped: 0,
    subscriberErrors: [],
  } as unknown as LedgerPage),
  counts: { sent: 0, ok: 0, failed: 0, connectionsOpened: 0, peakOpen: 0 },
  ...more,
})
const frame = (max?: number) => ({ layer: 'client', idleTimeoutMs: null, serverOf: boundedServers(max) })

test('the age of an unread body counts from its last byte, not from its headers', () => {
  const first = readPage(pageAt(5_000, { requests: [body] }), NOTHING_YET, frame())
  expect(first.samples.unreadBodyAge.map(({ value }) => value)).toEqual([4])
  const moved = { ...body, receivedBytes: 131_072, reader: 'stopped' } as const
  const second = readPage(pageAt(9_000, { requests: [moved] }), first.memory, frame())
  expect(second.samples.unreadBodies.map(({ value }) => value)).toEqual([0])
  const third = readPage(pageAt(12_000, { requests: [moved] }), second.memory, frame())
  expect(third.samples.unreadBodies.map(({ value }) => value)).toEqual([1])
  expect(third.samples.unreadBodyAge.map(({ value }) => value)).toEqual([3])
})

test('an idle connection is as old as it was seen idle; one that served a request since is young again', () => {
  const first = readPage(pageAt(5_000, { sockets: [idleSocket], pools: [pool] }), NOTHING_YET, frame())
  const second = readPage(pageAt(9_000, { sockets: [idleSocket] }), first.memory, frame())
  expect(second.samples.idleAge.map(({ value }) => value)).toEqual([4])
  const third = readPage(pageAt(9_500, { sockets: [{ ...idleSocket, requestsServed: 4 }], pools: [pool] }), second.memory, frame())
  expect(third.samples.idleAge.map(({ value }) => value)).toEqual([0])
})

test('pools of one client to one server keep their numbers; a client per call has no series per call', () => {
  const pools = (...ids: readonly number[]) => ids.map((id) => ({ ...pool, id }))
  const first = readPage(pageAt(0, { pools: pools(1, 2) }), NOTHING_YET, frame())
  const second = readPage(pageAt(1, { pools: pools(2, 3) }), first.memory, frame())
  expect([...second.memory.poolNumbers]).toEqual([
    [2, '2'],
    [3, '1'],
  ])
  const many = readPage(pageAt(2, { pools: pools(...Array.from({ length: 200 }, (_, at) => at)) }), second.memory, frame())
  expect(many.samples.pendingRequests).toHaveLength(9)
  expect(many.samples.openConnections.reduce((sum, { value }) => sum + value, 0)).toBe(200)
})

test('servers beyond the bound are called other, and so are their pools', () => {
  const pools = Array.from({ length: 100 }, (_, at) => ({ ...pool, id: at, origin: `http://host-${at}:80` }))
  const { samples } = readPage(pageAt(0, { pools }), NOTHING_YET, frame(3))
  expect(samples.connectionMax.map(({ labels, value }) => `${labels.server_address} ${labels.pool} ${value}`)).toEqual([
    'host-0 1 25',
    'host-1 1 25',
    'host-2 1 25',
    'other other 2425',
  ])
})

test('of an origin its host and port are told, and nothing else that may stand in it', () => {
  const serverOf = boundedServers()
  expect(serverOf('http://key:secret@photos.example')).toEqual({ address: 'photos.example', port: '80' })
  expect(serverOf('https://[::1]:8443')).toEqual({ address: '::1', port: '8443' })
  expect(serverOf('nonsense')).toEqual({ address: 'other', port: '' })
})

test('bodies that garbage collection took are counted on, although the ledger forgets them', () => {
  const rescued = [{ count: 2 }, { count: 1 }] as unknown as LedgerPage['rescued']
  const first = readPage(pageAt(0, { rescued }), NOTHING_YET, frame())
  const second = readPage(pageAt(1, { rescued }), first.memory, frame())
  expect(second.samples.bodiesRescued.map(({ value }) => value)).toEqual([6])
})

test('a pool is stalled while somebody waits and nothing moves: bytes of a long download are a movement', () => {
  const waiting = { ...pool, queued: 2 }
  const socket = { id: 7, role: 'outbound', isIdle: false, requestsServed: 1, poolId: 3, origin: ORIGIN } as LedgerSocket
  const stalled = (page: LedgerPage, memory: typeof NOTHING_YET) => {
    const reading = readPage(page, memory, frame())
    return [reading.samples.poolStalled.map(({ value }) => value), reading.memory] as const
  }
  const [none, first] = stalled(pageAt(1_000, { pools: [waiting], sockets: [socket], requests: [body] }), NOTHING_YET)
  const [still, second] = stalled(pageAt(4_000, { pools: [waiting], sockets: [socket], requests: [body] }), first)
  const flowing = { ...body, socketBytesRead: 90_000 }
  const [moved, third] = stalled(pageAt(6_000, { pools: [waiting], sockets: [socket], requests: [flowing] }), second)
  const [nobodyWaits] = stalled(pageAt(9_000, { pools: [pool], sockets: [socket], requests: [flowing] }), third)
  expect([none, still, moved, nobodyWaits]).toEqual([[0], [3], [0], [0]])
})

/** From a page of the ledger to the samples of one scrape. Pure: what must be known of the scrape before is handed in and handed out. */
import { isUnread } from '../../diagnosis/requests.ts'
import type { LedgerPage, OpenRequest, PoolPage } from '../../model/ledger-page.ts'
import type { METRICS } from '../../model/metric-names.ts'
import { OTHER, type Server, serverLabels } from './servers.ts'

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}
export type Samples = Readonly<Record<keyof typeof METRICS, readonly Sample[]>>

/** What a reading remembers for the next. All of it is about things that were open then, so it is bounded by them. */
export interface Memory {
  readonly page: LedgerPage | null
  /** Since when a body has not moved, by request. */
  readonly stillSinceMs: ReadonlyMap<number, number>
  /** Since when a connection was seen idle, by socket, and how many requests it had served. */
  readonly idleSince: ReadonlyMap<number, { readonly atMs: number; readonly served: number }>
  /** Since when nothing has moved on the connections of a pool, and what there was to move, by pool. */
  readonly poolStillSince: ReadonlyMap<number, { readonly atMs: number; readonly state: string }>
  /** The number a pool is known by in its labels, by pool. */
  readonly poolNumbers: ReadonlyMap<number, string>
  readonly totals: Totals
}

interface Totals {
  readonly rescued: number
}

export const NOTHING_YET: Memory = {
  page: null,
  stillSinceMs: new Map(),
  idleSince: new Map(),
  poolStillSince: new Map(),
  poolNumbers: new Map(),
  totals: { rescued: 0 },
}

/** Pools of one client to one server that get a number of their own: a client per call must not become a series per call. */
const MAX_POOLS_PER_SERVER = 8

export interface Frame {
  readonly layer: string
  /** The contract in ms; null: none was given. */
  readonly idleTimeoutMs: number | null
  /** Names of servers, bounded. */
  readonly serverOf: (origin: string | null) => Server
}

/** Adds up what has the same labels. */
const summed = (samples: readonly Sample[]): readonly Sample[] => merged(samples, add)
const add = (a: number, b: number): number => a + b

function merged(samples: readonly Sample[], merge: (a: number, b: number) => number): readonly Sample[] {
  const byLabels = new Map<string, Sample>()
  for (const { labels, value } of samples) {
    const key = JSON.stringify(labels)
    const before = byLabels.get(key)
    byLabels.set(key, { labels, value: before === undefined ? value : merge(before.value, value) })
  }
  return [...byLabels.values()]
}

/** Since when each open body has not moved: no byte since the page before, or since its headers came. */
function stillness(page: LedgerPage, { page: before, stillSinceMs }: Memory): ReadonlyMap<number, number> {
  const earlier = new Map(before?.requests.map((request) => [request.id, request]))
  return new Map(
    page.requests.flatMap((request) => {
      if (request.headersAtMs === null) return []
      const then = earlier.get(request.id)
      const hasMoved =
        then !== undefined && (then.socketBytesRead !== request.socketBytesRead || then.receivedBytes !== request.receivedBytes)
      return [[request.id, hasMoved ? page.atMs : (stillSinceMs.get(request.id) ?? request.headersAtMs)] as const]
    }),
  )
}

function idleness(page: LedgerPage, { idleSince }: Memory): Memory['idleSince'] {
  const idle = page.sockets.filter(({ isIdle, role }) => isIdle && role === 'outbound')
  return new Map(
    idle.map(({ id, requestsServed: served }) => {
      const before = idleSince.get(id)
      return [id, before !== undefined && before.served === served ? before : { atMs: page.atMs, served }] as const
    }),
  )
}

/** An answer, a byte, or another connection is a movement: a queue behind long downloads is honest load. */
function poolStillness(page: LedgerPage, { poolStillSince }: Memory): Memory['poolStillSince'] {
  const bytes = new Map(page.requests.map(({ socketId, socketBytesRead }) => [socketId, socketBytesRead]))
  return new Map(
    page.pools.map((pool) => {
      const mine = page.sockets.filter(({ poolId }) => poolId === pool.id)
      const state = mine.map(({ id, requestsServed }) => `${id} ${requestsServed} ${bytes.get(id)}`).join()
      const before = poolStillSince.get(pool.id)
      return [pool.id, pool.queued > 0 && before?.state === state ? before : { atMs: page.atMs, state }] as const
    }),
  )
}

/** A pool keeps its number as long as it lives; the lowest one that is free goes to the next. */
function numbered(pools: readonly PoolPage[], { poolNumbers }: Memory): ReadonlyMap<number, string> {
  const place = ({ client, origin }: PoolPage): string => `${client} ${origin}`
  const known = pools.filter(({ id }) => poolNumbers.has(id))
  const taken = new Set(known.map((pool) => `${place(pool)} ${poolNumbers.get(pool.id)}`))
  const numbers = new Map(known.map(({ id }) => [id, poolNumbers.get(id) ?? OTHER] as const))
  for (const pool of pools) {
    if (numbers.has(pool.id)) continue
    const free = Array.from({ length: MAX_POOLS_PER_SERVER }, (_, at) => String(at + 1)).find(
      (each) => !taken.has(`${place(pool)} ${each}`),
    )
    numbers.set(pool.id, free ?? OTHER)
    if (free !== undefined) taken.add(`${place(pool)} ${free}`)
  }
  return numbers
}

/** Requests that wait inside an undici pool and that only its own stats tell of: at level full the page lists them itself. */
const hiddenIn = ({ level }: LedgerPage, { client, queued }: PoolPage): number => (level === 'full' || client === 'node:http' ? 0 : queued)

export function readPage(page: LedgerPage, memory: Memory, frame: Frame): { readonly samples: Samples; readonly memory: Memory } {
  const { layer, idleTimeoutMs } = frame
  const at = (origin: string | null): Record<string, string> => ({ layer, ...serverLabels(frame.serverOf(origin)) })
  const stillSinceMs = stillness(page, memory)
  const idleSince = idleness(page, memory)
  const poolStillSince = poolStillness(page, memory)
  const poolNumbers = numbered(page.pools, memory)
  const totals = { rescued: memory.totals.rescued + page.rescued.reduce((sum, { count }) => sum + count, 0) }

  const ofPool = (pool: PoolPage): Record<string, string> => {
    const server = at(pool.origin)
    // What shares a name with strangers is no pool of its own.
    const pooled = server.server_address === OTHER ? OTHER : (poolNumbers.get(pool.id) ?? OTHER)
    return { ...server, client: pool.client, pool: pooled }
  }
  const perPool = (value: (pool: PoolPage) => number | null, merge = add): readonly Sample[] =>
    merged(
      page.pools.flatMap((pool) => (value(pool) === null ? [] : [{ labels: ofPool(pool), value: value(pool) ?? 0 }])),
      merge,
    )
  const state = (http_connection_state: string, count: (pool: PoolPage) => number): readonly Sample[] =>
    perPool(count).map(({ labels, value }) => ({ labels: { ...labels, http_connection_state }, value }))

  // Every server that anything is known of has its zeros: an alert cannot end on a series that is not there.
  const servers = [...page.pools, ...page.requests, ...(memory.page?.pools ?? [])].map(({ origin }) => ({ labels: at(origin), value: 0 }))
  const unread = page.requests.filter((request) => isUnread(request, null, memory.page))
  const age = (request: OpenRequest): number => (page.atMs - (stillSinceMs.get(request.id) ?? page.atMs)) / 1_000
  const idleAges = page.sockets.flatMap(({ id, origin }) => {
    const since = idleSince.get(id)
    return since === undefined ? [] : [{ labels: at(origin), value: (page.atMs - since.atMs) / 1_000 }]
  })

  const one = (value: number, more: Readonly<Record<string, string>> = {}): readonly Sample[] => [{ labels: { layer, ...more }, value }]
  return {
    samples: {
      openConnections: [...state('active', ({ leased }) => leased), ...state('idle', ({ idle }) => idle)],
      activeRequests: summed([
        ...servers,
        ...page.requests.map(({ origin }) => ({ labels: at(origin), value: 1 })),
        ...page.pools.map((pool) => ({ labels: at(pool.origin), value: hiddenIn(page, pool) })),
      ]),
      pendingRequests: perPool(({ queued }) => queued),
      connectionMax: perPool(({ limit }) => limit),
      poolStalled: perPool(({ id }) => (page.atMs - (poolStillSince.get(id)?.atMs ?? page.atMs)) / 1_000, Math.max),
      unreadBodies: summed([...servers, ...unread.map(({ origin }) => ({ labels: at(origin), value: 1 }))]),
      unreadBodyAge: merged([...servers, ...unread.map((request) => ({ labels: at(request.origin), value: age(request) }))], Math.max),
      idleAge: merged([...servers, ...idleAges], Math.max),
      idleTimeout: idleTimeoutMs === null ? [] : one(idleTimeoutMs / 1_000),
      connectionsOpened: one(page.counts.connectionsOpened),
      requests: [...one(page.counts.ok, { outcome: 'ok' }), ...one(page.counts.failed, { outcome: 'failed' })],
      bodiesRescued: one(totals.rescued),
      ledgerDropped: one(page.dropped),
      ledgerErrors: one(page.subscriberErrors.length),
    },
    memory: { page, stillSinceMs, idleSince, poolStillSince, poolNumbers, totals },
  }
}

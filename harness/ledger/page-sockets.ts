/** Sockets and pools, as a page shows them. */
import type { AgentCounts, UndiciPoolStats } from '../model/client-eyes.ts'
import type { LedgerSocket, OpenRequest, PoolPage } from '../model/ledger-page.ts'
import type { Book, PoolEntry, SocketEntry } from './book.ts'
import { nodeHttp } from './node-http-module.ts'
import { hasDescriptor, inodeOf, isPipe } from './sockets.ts'

export interface SocketUse {
  readonly idleInAgents: ReadonlySet<object>
  readonly leasedInAgents: ReadonlySet<object>
  readonly busy: ReadonlySet<SocketEntry>
}

export function ledgerSocket(book: Book, entry: SocketEntry, use: SocketUse): LedgerSocket {
  const { socket } = entry
  const client = book.eyes.undiciClientOf(socket)
  const isInAgent = entry.pool?.agent != null
  const isIdleUndici = client !== null && client.running === 0 && !use.busy.has(entry)
  const isIdle = use.idleInAgents.has(socket) || isIdleUndici
  const owner =
    client !== null ? 'undici' : isInAgent || use.busy.has(entry) ? 'node:http' : isHttpServer(socket.server) ? 'http.Server' : null
  return {
    id: entry.id,
    inode: inodeOf(socket),
    localPort: socket.localPort ?? null,
    remotePort: socket.remotePort ?? null,
    isPipe: isPipe(socket),
    role: entry.role,
    owner,
    poolId: entry.pool?.id ?? null,
    isIdle,
    isLeased: use.leasedInAgents.has(socket),
    isHollow: isHollow(entry, use),
    idleTimeoutMs: client !== null ? client.idleTimeoutMs : isIdle ? (socket.timeout ? socket.timeout : Number.POSITIVE_INFINITY) : null,
    serverHintMs: entry.serverHintMs,
    origin: entry.firstOrigin,
    openedAtMs: entry.openedAtMs,
    iteration: entry.iteration,
    openedAt: entry.firstRequest?.frame() ?? entry.capture?.frame() ?? null,
    requestsServed: entry.requestsServed,
    headersDue: headersDueOn(book, entry),
    opening: entry.role === 'inbound' ? null : socket.connecting === true ? 'connect' : socket.secureConnecting === true ? 'tls' : null,
    peerEnded: socket.readableEnded,
  }
}

/** Not destroyed, as far as its pool knows; a socket that another one stands for (a mock, a proxy) may never be told that it has closed. */
function isHollow({ socket, hadDescriptor }: SocketEntry, { idleInAgents, leasedInAgents }: SocketUse): boolean {
  const isCounted = idleInAgents.has(socket) || leasedInAgents.has(socket)
  return isCounted && hadDescriptor && !socket.destroyed && socket.connecting !== true && !hasDescriptor(socket)
}

interface SlowServer {
  readonly headersTimeout?: unknown
  readonly connectionsCheckingInterval?: unknown
}

/** Of keep-alive connections the first request only: between two requests another timeout is at work. */
function headersDueOn({ served }: Book, { role, socket, requestsServed }: SocketEntry): LedgerSocket['headersDue'] {
  if (role !== 'inbound' || requestsServed > 0 || !isHttpServer(socket.server)) return null
  const { headersTimeout, connectionsCheckingInterval } = socket.server as SlowServer
  if (typeof headersTimeout !== 'number' || headersTimeout === 0 || typeof connectionsCheckingInterval !== 'number') return null
  const isWithHandler = [...served.inFlight.values()].some(({ request }) => Object.is(request.socket, socket))
  return isWithHandler ? null : { withinMs: headersTimeout, checkedEveryMs: connectionsCheckingInterval }
}

/** An http.Server, told from a plain net.Server by the method only it has. */
const isHttpServer = (server: object | null | undefined): boolean => server != null && 'closeIdleConnections' in server

/** The undici pools we may read: those handed over, and the global dispatcher, which undici publishes on globalThis. */
export function readablePools(book: Book): readonly UndiciPoolStats[] {
  const published = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].flatMap((name) => {
    const dispatcher: unknown = Reflect.get(globalThis, Symbol.for(name))
    return typeof dispatcher === 'object' && dispatcher !== null ? [dispatcher] : []
  })
  return [...published, ...book.handedOver].flatMap((dispatcher) => book.eyes.dispatcherStats(dispatcher) ?? [])
}

/** Their limits by origin, for what cannot say in which of them it waits. */
export const limitsByOrigin = (pools: readonly UndiciPoolStats[]): ReadonlyMap<string, number | null> =>
  new Map(pools.flatMap(({ origin, limit }) => (origin === null ? [] : [[origin, limit] as const])))

/** The stats of the pool that `owner` stands for; of another one to the same origin only the limit is worth a guess. */
export function statsFor(
  readable: readonly UndiciPoolStats[],
  owner: object,
  origin: string,
): Pick<UndiciPoolStats, 'queued' | 'limit'> | null {
  const there = readable.filter((stats) => stats.origin === origin)
  const own = there.find(({ poolToken }) => poolToken === owner)
  const [other] = there.slice(-1)
  return own ?? (other === undefined ? null : { queued: 0, limit: other.limit })
}

export function poolPage(
  book: Book,
  pool: PoolEntry,
  owner: object,
  mine: readonly LedgerSocket[],
  queuedHere: number,
  stats: Pick<UndiciPoolStats, 'queued' | 'limit'> | null,
): PoolPage {
  const idle = mine.filter((socket) => socket.isIdle).length
  const agent: AgentCounts | null = pool.agent === null ? null : book.eyes.agentCounts(pool.agent, pool.agentName ?? '')
  const configured = pool.agent === null ? configuredIdleTimeout(book, pool) : (agent?.idleTimeoutMs ?? null)
  const leased = agent?.leased ?? mine.length - idle
  // Below level full nothing shows a request that waits inside a Pool but the Pool itself.
  const queued = agent?.queued ?? Math.max(queuedHere, stats?.queued ?? 0)
  return {
    id: pool.id,
    client: pool.client,
    origin: pool.origin,
    leased,
    idle: agent?.idle ?? idle,
    queued,
    // undici tells nobody its limit; while requests wait inside the Pool it is what is connected.
    limit: agent?.limit ?? stats?.limit ?? (queued > 0 ? leased + idle : null),
    idleTimeoutMs: configured,
    // A connection from before is in it, so it was there before.
    isOlderThanBaseline: pool.firstSeenIteration < 0 || owner === nodeHttp.globalAgent || mine.some((socket) => socket.iteration < 0),
  }
}

function configuredIdleTimeout(book: Book, pool: PoolEntry): number | null {
  for (const entry of book.sockets) {
    if (entry.pool === pool && !entry.socket.destroyed) return book.eyes.undiciClientOf(entry.socket)?.configuredIdleTimeoutMs ?? null
  }
  return null
}

/**
 * A request queued in undici does not say in which pool. It is one of the same origin (where the request names one) whose connections
 * are all leased; when several fit, nothing is claimed.
 */
export function withUndiciPool(request: OpenRequest, pools: readonly PoolEntry[], sockets: readonly LedgerSocket[]): OpenRequest {
  if (request.phase !== 'queued' || request.poolId !== null || request.client === 'node:http') return request
  const full = pools.filter((pool) => {
    const mine = sockets.filter((socket) => socket.poolId === pool.id)
    return mine.length > 0 && mine.every((socket) => !socket.isIdle) && (request.origin === null || request.origin === pool.origin)
  })
  const [only, ...others] = full
  return only !== undefined && others.length === 0 ? { ...request, poolId: only.id, origin: only.origin } : request
}

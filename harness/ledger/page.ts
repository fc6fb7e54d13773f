/** Writes a page of the ledger: the open things of one moment as plain data. */
import { globalAgent } from 'node:http'
import type { AgentCounts } from '../model/client-eyes.ts'
import type { Frame, LedgerPage, LedgerSocket, OpenHandle, OpenRequest, PoolPage, RescuedBody } from '../model/ledger-page.ts'
import { type Book, CAPTURE_SLOT, type HandleEntry, type PoolEntry, QUEUED_SLOT, type RequestEntry, type SocketEntry } from './book.ts'
import { linkSocket, poolOfRequest } from './node-http.ts'
import { inodeOf, sweepDestroyed } from './sockets.ts'
import type { Capture } from './stacks.ts'

const siteOf = (frame: Frame | null): string | null => (frame === null ? null : `${frame.file}:${frame.line}:${frame.column}`)

/**
 * Requests that are over without any channel having said so: destroyed before an answer, upgraded to something else, or answered over a
 * connection that has closed since. The unread rest of the last kind lies in memory and holds nothing.
 */
function dropSilentlyEnded(book: Book): void {
  for (const entry of book.requests) {
    if (entry.client !== 'node:http') continue
    const { destroyed } = entry.request as { destroyed?: boolean }
    if (entry.response === null ? destroyed === true : entry.socket?.socket.destroyed === true) book.requests.delete(entry)
  }
}

/** The undici requests that wait inside a Pool; those that failed meanwhile leave the queue, those dispatched have left it. */
function waitingInPools(book: Book): readonly OpenRequest[] {
  const waiting: OpenRequest[] = []
  for (const resource of book.poolQueue) {
    const queued = book.eyes.queuedRequestOf(resource)
    if (queued === null || queued.isOver) {
      book.poolQueue.delete(resource)
      continue
    }
    const capture = (queued.handler as { [CAPTURE_SLOT]?: Capture })[CAPTURE_SLOT] ?? (resource as { [QUEUED_SLOT]?: Capture })[QUEUED_SLOT]
    waiting.push({
      id: book.nextId++,
      client: queued.handler.constructor === Object ? 'fetch' : 'undici',
      method: queued.method,
      origin: queued.origin === null ? null : new URL(queued.origin).origin,
      path: queued.path?.split('?', 1)[0] ?? null,
      phase: 'queued',
      status: null,
      createdAtMs: performance.now(),
      headersAtMs: null,
      bodyBytes: null,
      receivedBytes: null,
      reader: null,
      bufferedBytes: null,
      socketBytesRead: null,
      iteration: book.iteration,
      socketId: null,
      poolId: null,
      openedAt: capture?.frame() ?? null,
      ordinalAtSite: null,
    })
  }
  return waiting
}

/** Numbers the requests of each line in the order they were made; queued ones inside pools come last. */
function ordinals(book: Book): { of(capture: Capture | null): number | null; next(frame: Frame | null): number | null } {
  const byCapture = new Map<Capture, number>()
  const counts = new Map<string, number>()
  if (!book.historyOverflowed) {
    for (const capture of book.history) {
      const site = capture === null ? null : siteOf(capture.frame())
      if (capture === null || site === null) continue
      counts.set(site, (counts.get(site) ?? 0) + 1)
      byCapture.set(capture, counts.get(site) ?? 1)
    }
  }
  return {
    of: (capture) => (capture === null ? null : (byCapture.get(capture) ?? null)),
    next(frame) {
      const site = siteOf(frame)
      if (site === null || book.historyOverflowed) return null
      counts.set(site, (counts.get(site) ?? 0) + 1)
      return counts.get(site) ?? null
    },
  }
}

function openRequest(book: Book, entry: RequestEntry, ordinal: number | null): OpenRequest {
  const body =
    entry.response !== null
      ? book.eyes.readableState(entry.response)
      : entry.client === 'node:http'
        ? null
        : book.eyes.undiciBodyOf(entry.request)
  const phase = entry.headersAtMs !== null ? 'headers' : entry.socket !== null ? 'sent' : 'queued'
  const pool = entry.socket?.pool ?? (entry.client === 'node:http' ? poolOfRequest(book, entry) : null)
  return {
    id: entry.id,
    client: entry.client,
    method: entry.method,
    origin: entry.origin,
    path: entry.path,
    phase,
    status: entry.status,
    createdAtMs: entry.createdAtMs,
    headersAtMs: entry.headersAtMs,
    bodyBytes: entry.bodyBytes,
    receivedBytes: entry.receivedBytes,
    reader: body?.reader ?? null,
    bufferedBytes: body?.bufferedBytes ?? null,
    socketBytesRead: entry.socket?.socket.bytesRead ?? null,
    iteration: entry.iteration,
    socketId: entry.socket?.id ?? null,
    poolId: pool?.id ?? null,
    openedAt: entry.capture?.frame() ?? null,
    ordinalAtSite: ordinal,
  }
}

interface SocketUse {
  readonly idleInAgents: ReadonlySet<object>
  readonly busy: ReadonlySet<SocketEntry>
}

function ledgerSocket(book: Book, entry: SocketEntry, use: SocketUse): LedgerSocket {
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
    role: entry.role,
    owner,
    poolId: entry.pool?.id ?? null,
    isIdle,
    idleTimeoutMs: client !== null ? client.idleTimeoutMs : isIdle ? (socket.timeout ? socket.timeout : Number.POSITIVE_INFINITY) : null,
    serverHintMs: entry.serverHintMs,
    origin: entry.firstOrigin,
    openedAtMs: entry.openedAtMs,
    iteration: entry.iteration,
    openedAt: entry.firstRequest?.frame() ?? entry.capture?.frame() ?? null,
    requestsServed: entry.requestsServed,
    peerEnded: socket.readableEnded,
  }
}

/** An http.Server, told from a plain net.Server by the method only it has. */
const isHttpServer = (server: object | null | undefined): boolean => server != null && 'closeIdleConnections' in server

/** The limits of the undici pools we may read, by origin: those handed over, and the global dispatcher, which undici publishes on globalThis. */
function knownLimits(book: Book): ReadonlyMap<string, number | null> {
  const published = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].flatMap((name) => {
    const dispatcher: unknown = Reflect.get(globalThis, Symbol.for(name))
    return typeof dispatcher === 'object' && dispatcher !== null ? [dispatcher] : []
  })
  const stats = [...published, ...book.handedOver].flatMap((dispatcher) => book.eyes.dispatcherStats(dispatcher) ?? [])
  return new Map(stats.flatMap(({ origin, limit }) => (origin === null ? [] : [[origin, limit] as const])))
}

function poolPage(
  book: Book,
  pool: PoolEntry,
  owner: object,
  sockets: readonly LedgerSocket[],
  queuedHere: number,
  known: number | null,
): PoolPage {
  const mine = sockets.filter((socket) => socket.poolId === pool.id)
  const idle = mine.filter((socket) => socket.isIdle).length
  const agent: AgentCounts | null = pool.agent === null ? null : book.eyes.agentCounts(pool.agent, pool.agentName ?? '')
  const configured = pool.agent === null ? configuredIdleTimeout(book, pool) : (agent?.idleTimeoutMs ?? null)
  const leased = agent?.leased ?? mine.length - idle
  return {
    id: pool.id,
    client: pool.client,
    origin: pool.origin,
    leased,
    idle: agent?.idle ?? idle,
    queued: agent?.queued ?? queuedHere,
    // undici tells nobody its limit; while requests wait inside the Pool it is what is connected.
    limit: agent?.limit ?? known ?? (queuedHere > 0 ? leased + idle : null),
    idleTimeoutMs: configured,
    // A connection from before is in it, so it was there before.
    isOlderThanBaseline: pool.firstSeenIteration < 0 || owner === globalAgent || mine.some((socket) => socket.iteration < 0),
  }
}

function configuredIdleTimeout(book: Book, pool: PoolEntry): number | null {
  for (const entry of book.sockets) {
    if (entry.pool === pool && !entry.socket.destroyed) return book.eyes.undiciClientOf(entry.socket)?.configuredIdleTimeoutMs ?? null
  }
  return null
}

interface OpenResource {
  readonly hasRef?: () => boolean
  readonly _destroyed?: boolean
  readonly pid?: number
  readonly fd?: number
  readonly getsockname?: (out: object) => number
  readonly [CAPTURE_SLOT]?: Capture
}

function isReferenced(resource: OpenResource): boolean | null {
  return typeof resource.hasRef === 'function' ? resource.hasRef() : null
}

function portOf(resource: OpenResource): number | null {
  const out: { port?: number } = {}
  return typeof resource.getsockname === 'function' && resource.getsockname(out) === 0 ? (out.port ?? null) : null
}

/** Closed, but not told of yet: a file handle until it is collected (its number is negative by then), a timer for a turn. */
function isClosed({ type, resource }: HandleEntry): boolean {
  const { fd, _destroyed } = resource as OpenResource
  return type === 'FILEHANDLE' ? fd !== undefined && fd < 0 : type === 'Timeout' && _destroyed === true
}

function openHandles(book: Book): readonly OpenHandle[] {
  const open = [...book.handles.values()].filter((entry) => !isClosed(entry))
  return open.map((entry) => {
    const resource = entry.resource as OpenResource
    const port = portOf(resource)
    return {
      id: entry.id,
      type: entry.type,
      isReferenced: isReferenced(resource),
      detail: port !== null ? `port ${port}` : typeof resource.pid === 'number' ? `pid ${resource.pid}` : null,
      port,
      openedAtMs: entry.openedAtMs,
      iteration: entry.iteration,
      openedAt: (resource[CAPTURE_SLOT] ?? entry.capture).frame(),
    }
  })
}

function rescuedBodies(book: Book): readonly RescuedBody[] {
  const groups = new Map<string, RescuedBody>()
  for (const entry of book.rescued) {
    const openedAt = entry.capture?.frame() ?? null
    const key = `${entry.origin} ${siteOf(openedAt)}`
    const group = groups.get(key)
    groups.set(key, { origin: entry.origin, method: entry.method, path: entry.path, count: (group?.count ?? 0) + 1, openedAt })
  }
  return [...groups.values()]
}

/** The whole ledger now. Costs one readlink per open socket and the formatting of the stacks it shows. */
export function writePage(book: Book): LedgerPage {
  dropSilentlyEnded(book)
  sweepDestroyed(book)
  for (const entry of book.requests) if (entry.client === 'node:http') linkSocket(book, entry)

  const numbering = ordinals(book)
  const waiting = waitingInPools(book).map((request) => ({ ...request, ordinalAtSite: numbering.next(request.openedAt) }))
  const open = [...book.requests].map((entry) => openRequest(book, entry, numbering.of(entry.capture)))

  const agents = [...book.pools.keys()]
  const use: SocketUse = {
    idleInAgents: new Set(agents.flatMap((agent) => [...book.eyes.agentIdleSockets(agent)])),
    busy: new Set([...book.requests].flatMap((entry) => (entry.socket === null ? [] : [entry.socket]))),
  }
  const sockets = [...book.sockets].map((entry) => ledgerSocket(book, entry, use))
  const undiciPools = [...book.pools.values()].flatMap((byOrigin) => [...byOrigin.values()]).filter((pool) => pool.agent === null)
  const requests = [...open, ...waiting].map((request) => withUndiciPool(request, undiciPools, sockets))
  const limits = knownLimits(book)
  const pools = [...book.pools].flatMap(([owner, byOrigin]) =>
    [...byOrigin.values()].map((pool) => {
      const queued = requests.filter((request) => request.poolId === pool.id && request.phase === 'queued').length
      return poolPage(book, pool, owner, sockets, queued, pool.agent === null ? (limits.get(pool.origin) ?? null) : null)
    }),
  )
  return {
    level: book.level,
    atMs: performance.now(),
    requests,
    sockets,
    pools,
    handles: openHandles(book),
    rescued: rescuedBodies(book),
    counts: {
      sent: book.sent + waiting.filter((request) => request.iteration >= 0).length,
      ok: book.ok,
      failed: book.failed,
      connectionsOpened: book.connectionsOpened,
      peakOpen: book.peakOpen,
    },
    served: { ...book.served, inFlight: book.served.inFlight.size },
    durationsMs: [...book.durationsMs],
    dropped: book.dropped,
    subscriberErrors: [...book.subscriberErrors],
    missing: [],
  }
}

/**
 * A request queued in undici does not say in which pool. It is one of the same origin (where the request names one) whose connections
 * are all leased; when several fit, nothing is claimed.
 */
function withUndiciPool(request: OpenRequest, pools: readonly PoolEntry[], sockets: readonly LedgerSocket[]): OpenRequest {
  if (request.phase !== 'queued' || request.poolId !== null || request.client === 'node:http') return request
  const full = pools.filter((pool) => {
    const mine = sockets.filter((socket) => socket.poolId === pool.id)
    return mine.length > 0 && mine.every((socket) => !socket.isIdle) && (request.origin === null || request.origin === pool.origin)
  })
  const [only, ...others] = full
  return only !== undefined && others.length === 0 ? { ...request, poolId: only.id, origin: only.origin } : request
}

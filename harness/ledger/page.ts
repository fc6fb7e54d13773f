/** Writes a page of the ledger: the open things of one moment as plain data. */
import type { LedgerPage, LedgerSocket } from '../model/ledger-page.ts'
import type { Book } from './book.ts'
import { rescuedBodies } from './cancelled-streams.ts'
import { exhaustionOf } from './exhaustion.ts'
import { linkConnection } from './http2.ts'
import { requestsInLine } from './in-line.ts'
import { linkSocket } from './node-http.ts'
import { withBounds } from './page-bounds.ts'
import { openFiles, openHandles } from './page-handles.ts'
import { dropSilentlyEnded, openRequest, ordinals, waitingInPools } from './page-requests.ts'
import { openResponses } from './page-responses.ts'
import { ledgerSocket, limitsByOrigin, poolPage, readablePools, type SocketUse, statsFor, withUndiciPool } from './page-sockets.ts'
import { queuePeaks } from './queues.ts'
import { openResets } from './resets.ts'
import { servedCounts } from './served.ts'
import { sweepDestroyed } from './sockets.ts'
import type { WrappedMethods } from './wrapped.ts'

/** The whole ledger now. Costs one readlink per new socket and the formatting of the stacks it shows. */
export function writePage(book: Book, wrapped: WrappedMethods | null): LedgerPage {
  book.seesImmediates ||= book.isOver && process.getActiveResourcesInfo().includes('Immediate')
  dropSilentlyEnded(book)
  sweepDestroyed(book)
  for (const entry of book.requests) {
    if (entry.client === 'node:http') linkSocket(book, entry)
    else if (entry.client === 'node:http2') linkConnection(book, entry)
  }

  const numbering = ordinals(book)
  const waiting = waitingInPools(book).map((request) => ({ ...request, ordinalAtSite: numbering.next(request.openedAt) }))
  const lines = requestsInLine(book)
  const open = [...book.requests, ...book.uploads].map((entry) => openRequest(book, entry, numbering.of(entry.capture), lines))

  const agents = [...book.pools.keys()]
  const use: SocketUse = {
    idleInAgents: new Set(agents.flatMap((agent) => [...book.eyes.agentIdleSockets(agent)])),
    leasedInAgents: new Set(agents.flatMap((agent) => [...book.eyes.agentLeasedSockets(agent)])),
    busy: new Set([...book.requests].flatMap((entry) => (entry.socket === null ? [] : [entry.socket]))),
  }
  const sockets = [...book.sockets].map((entry) => ledgerSocket(book, entry, use))
  const undiciPools = [...book.pools.values()].flatMap((byOrigin) => [...byOrigin.values()]).filter((pool) => pool.agent === null)
  const shown = [...open, ...waiting].map((request) => withUndiciPool(request, undiciPools, sockets))
  const requests = withBounds(book, shown, sockets)
  const readable = readablePools(book)
  const socketsOf = new Map<number | null, LedgerSocket[]>()
  for (const socket of sockets) {
    const mine = socketsOf.get(socket.poolId)
    if (mine === undefined) socketsOf.set(socket.poolId, [socket])
    else mine.push(socket)
  }
  const pools = [...book.pools].flatMap(([owner, byOrigin]) =>
    [...byOrigin.values()].map((pool) => {
      const queued = requests.filter((request) => request.poolId === pool.id && request.phase === 'queued').length
      return poolPage(
        book,
        pool,
        owner,
        socketsOf.get(pool.id) ?? [],
        queued,
        pool.agent === null ? statsFor(readable, owner, pool.origin) : null,
      )
    }),
  )
  return {
    level: book.level,
    atMs: performance.now(),
    timeOriginMs: performance.timeOrigin,
    requests,
    responses: openResponses(book),
    sockets,
    pools,
    handles: [...openHandles(book), ...openFiles(book)],
    rescued: rescuedBodies(book.rescued, book.cancelled),
    blockedCloses: wrapped?.blockedCloses() ?? [],
    listenerStacks: wrapped?.listenerStacks() ?? [],
    queues: queuePeaks(book, limitsByOrigin(readable)),
    resets: openResets(book.resets),
    serverCloses: book.serverCloses,
    exhausted: exhaustionOf(book.exhausted),
    counts: {
      sent: book.sent + waiting.filter((request) => request.iteration >= 0).length,
      ok: book.ok,
      failed: book.failed,
      connectionsOpened: book.connectionsOpened,
      peakOpen: book.peakOpen,
    },
    served: servedCounts(book.served),
    durationsMs: [...book.durationsMs],
    dropped: book.dropped,
    subscriberErrors: [...book.subscriberErrors],
    missing: [],
  }
}

/** What a ledger lets go of that nobody will ask to judge: it may live as long as a service. */
import { type Book, type PoolEntry, startAfresh } from './book.ts'
import { emptyQueues } from './queues.ts'
import { sweepDestroyed } from './sockets.ts'

function hasConnections({ eyes }: Book, { agent, agentName }: PoolEntry): boolean {
  const counts = agent === null ? null : eyes.agentCounts(agent, agentName ?? '')
  return counts !== null && counts.leased + counts.idle + counts.queued > 0
}

/** A client for each call would otherwise be held for ever by whoever watches. */
function forgetPools(book: Book): void {
  const pooled = new Set([...book.sockets].flatMap(({ pool }) => pool ?? []))
  for (const [owner, byOrigin] of book.pools) {
    for (const [key, pool] of byOrigin) if (!pooled.has(pool) && !hasConnections(book, pool)) byOrigin.delete(key)
    if (byOrigin.size === 0) book.pools.delete(owner)
  }
}

/**
 * Reads the stacks that what is open still leads to. One that was not read keeps what its functions saw, fetch's own request and the signal it follows
 * among them, and a pooled connection would keep that as long as it lives; read, it is a frame. Whoever watches next asks for no more.
 */
export function readStacks(book: Book): void {
  for (const { capture, firstRequest } of book.sockets) {
    capture?.frame()
    firstRequest?.frame()
  }
  for (const { capture, branches } of [...book.requests, ...book.uploads]) {
    capture?.frame()
    branches?.at.frame()
  }
  for (const { capture } of [...book.asked, ...book.poolQueue]) capture.frame()
  for (const { headWritten } of book.served.inFlight.values()) headWritten?.frame()
}

/** Everything: for a ledger that has stopped, whose book what it marked may hold on to for as long as the process lives. */
export function forgetAll(book: Book): void {
  readStacks(book)
  startAfresh(book)
  const lists = [
    book.requests,
    book.uploads,
    book.sockets,
    book.handles,
    book.pools,
    book.handedOver,
    book.redirected,
    book.served.inFlight,
  ]
  for (const list of lists) list.clear()
}

/** History, response times, queues that were, bodies garbage collection took, pools without a connection. What is open and what is counted stays. */
export function forgetEnded(book: Book): void {
  sweepDestroyed(book)
  forgetPools(book)
  book.history.length = 0
  book.historyOverflowed = false
  book.durationsMs.length = 0
  book.rescued.length = 0
  book.queues = emptyQueues()
}

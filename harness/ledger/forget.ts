/** What a ledger lets go of that nobody will ask to judge: it may live as long as a service. */
import type { Book, PoolEntry } from './book.ts'
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

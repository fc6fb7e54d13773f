/** Deciding by evidence that work hangs: every lease is held by an unread body, a request is queued, and nothing moves. Pure. */
import type { LedgerPage } from '../model/ledger-page.ts'

/**
 * What would change if anything moved, as text; null while the work cannot be stalled at all. Two equal answers, `stallMs` apart, are a stall.
 */
export function stallSignature(page: LedgerPage): string | null {
  const queued = page.requests.filter((request) => request.phase === 'queued')
  if (queued.length === 0) return null
  const inFlight = page.requests.filter((request) => request.phase !== 'queued')
  const blocking = inFlight.filter((request) =>
    queued.some((waiting) => waiting.poolId === request.poolId || waiting.origin === request.origin),
  )
  if (blocking.length === 0 || blocking.some((request) => request.phase !== 'headers')) return null
  const { sent, ok, failed, connectionsOpened } = page.counts
  const bytes = inFlight.map((request) => `${request.id}:${request.socketBytesRead}:${request.receivedBytes}`)
  return [sent, ok, failed, connectionsOpened, ...bytes].join(' ')
}

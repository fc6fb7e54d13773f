/** Deciding by evidence that work hangs: what it waits for is held by something that nothing in it will move. Pure. */
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

/**
 * The same for a service under load: every request it was sent is with a handler, none of them waits for its caller, and nothing is open in
 * the process that could end a response: no request of its own, no timer, no child. Null while anything is.
 */
export function unansweredSignature(page: LedgerPage): string | null {
  const owed = page.responses.filter((response) => response.iteration >= 0 && !response.waitsForPeer && !response.isEventStream)
  if (owed.length === 0 || owed.length < page.served.inFlight) return null
  const asks = page.requests.some(({ iteration, reader }) => iteration >= 0 && reader !== 'none')
  const waits = page.handles.some(({ iteration, isReferenced }) => iteration >= 0 && isReferenced !== false)
  if (asks || waits) return null
  const { sent, ok, failed } = page.counts
  const bytes = owed.map(({ id, socketBytesWritten }) => `${id}:${socketBytesWritten}`)
  return [page.served.requests, page.served.accepted, sent, ok, failed, ...bytes].join(' ')
}

/** Work that ran out of time and was still getting on: slow is not hung. Pure. */
import type { LedgerPage } from '../model/ledger-page.ts'
import type { Material } from './material.ts'

/** All that changes when a request gets on. */
function progressOf({ counts, requests, responses, served }: LedgerPage): string {
  const bytes = requests.map(({ id, socketBytesRead, receivedBytes }) => `${id}:${socketBytesRead}:${receivedBytes}`)
  const written = responses.map(({ id, socketBytesWritten }) => `${id}:${socketBytesWritten}`)
  return [counts.sent, counts.ok, counts.failed, counts.connectionsOpened, served.requests, ...bytes, ...written].join(' ')
}

/**
 * Why nothing can be said of work that did not end in time; null: it did, or it stood still. Only where a hang is decided by evidence (`stallMs`):
 * elsewhere the time given is the caller's own word, and work that does not keep it is WORK_HUNG.
 */
export function stillMoving({ hung, options, page, earlierPage }: Material): string | null {
  if (hung?.because !== 'timeout' || options.stallMs === null || page === null || earlierPage === null) return null
  if (progressOf(page) === progressOf(earlierPage)) return null
  return `the work was still getting on after ${Math.round(hung.afterMs)} ms: this machine is too slow for it, or too busy`
}

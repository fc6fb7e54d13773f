/** Requests that died on a connection that had idled: the server closed it in the moment in which it was used again. */
import type { IdleReset } from '../model/ledger-page.ts'
import type { Book, RequestEntry } from './book.ts'

export interface ResetEntry extends Omit<IdleReset, 'openedAt'> {
  readonly capture: RequestEntry['capture']
}

/** More of the same teach nothing. */
const MAX_RESETS = 1_000

/** How clients say that the other side has gone: node:http and the kernel, undici. */
const GONE: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/** Notes a failure, if it is one of a connection from a pool that broke before a byte of the answer. */
export function noteReset(book: Book, entry: RequestEntry, error: unknown): void {
  const { socket, headersAtMs, client, origin, method, path, createdAtMs, capture, iteration } = entry
  if (iteration < 0 || headersAtMs !== null || socket === null || socket.idleSinceMs === null) return
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : null
  if (!GONE.has(code) || book.resets.length >= MAX_RESETS) return
  const idleForMs = Math.round(createdAtMs - socket.idleSinceMs)
  // It waited in a queue for this connection: that had not idled.
  if (idleForMs <= 0) return
  book.resets.push({ client, origin, method, path, says: String(code), idleForMs, serverHintMs: socket.serverHintMs, capture })
}

export const openResets = (resets: readonly ResetEntry[]): readonly IdleReset[] =>
  resets.map(({ capture, ...reset }) => ({ ...reset, openedAt: capture?.frame() ?? null }))

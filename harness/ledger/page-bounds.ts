/** The timeout a client was given for the phase a request is in, as far as it can be read: for timeouts that cannot fire. */
import type { ClientRequest } from 'node:http'
import type { LedgerSocket, OpenRequest } from '../model/ledger-page.ts'
import type { Book, RequestEntry, SocketEntry } from './book.ts'

type Bound = OpenRequest['bound']

/** Adds it to the requests of a page. */
export function withBounds(book: Book, requests: readonly OpenRequest[], sockets: readonly LedgerSocket[]): readonly OpenRequest[] {
  const entries = new Map([...book.requests].map((entry) => [entry.id, entry]))
  const bySocket = new Map([...book.sockets].map((entry) => [entry.id, entry]))
  // Who waits has no connection; those of the same pool were made by the same options.
  const anyOf = (poolId: number | null): SocketEntry | null => {
    const socket = poolId === null ? undefined : sockets.find((each) => each.poolId === poolId)
    return socket === undefined ? null : (bySocket.get(socket.id) ?? null)
  }
  return requests.map((request) => {
    const entry = entries.get(request.id) ?? null
    const bound = request.client === 'node:http' ? ofNodeHttp(request, entry) : ofUndici(book, request, entry, () => anyOf(request.poolId))
    return bound === null ? request : { ...request, bound }
  })
}

/** On a connection it tells of silence, and it is for a listener to act: without one it bounds nothing. */
function ofNodeHttp({ phase }: OpenRequest, entry: RequestEntry | null): Bound {
  const request = entry?.request as (Partial<ClientRequest> & { readonly timeout?: unknown }) | undefined
  if (phase !== 'queued' && (request?.listenerCount?.('timeout') ?? 0) === 0) return null
  const ms = phase === 'queued' ? request?.timeout : entry?.socket?.socket.timeout
  return typeof ms === 'number' && ms > 0 ? { name: 'timeout', ms } : null
}

function ofUndici(book: Book, { phase }: OpenRequest, entry: RequestEntry | null, anyOfPool: () => SocketEntry | null): Bound {
  const name = phase === 'headers' ? 'bodyTimeout' : 'headersTimeout'
  const own = (entry?.request as { readonly [knob: string]: unknown } | undefined)?.[name]
  const socket = (entry?.socket ?? anyOfPool())?.socket
  const client = socket === undefined ? null : book.eyes.undiciClientOf(socket)
  const ms = typeof own === 'number' ? own : phase === 'headers' ? client?.bodyTimeoutMs : client?.headersTimeoutMs
  return ms == null || ms === 0 ? null : { name, ms }
}

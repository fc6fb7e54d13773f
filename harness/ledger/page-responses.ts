/** Responses of the subject's own servers, as a page shows them. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Frame, OpenResponse } from '../model/ledger-page.ts'
import { type Book, CAPTURE_SLOT } from './book.ts'
import { placeOfFunction } from './function-place.ts'
import type { ServedEntry } from './served.ts'
import type { Capture } from './stacks.ts'

/** Asking for the place of a handler costs milliseconds: only for a response that has been open for so long, while the work runs and after it. */
const SUSPECT_AFTER_MS = { during: 1_000, after: 100 }

/** Those whose handler has not called end(). */
export function openResponses(book: Book): readonly OpenResponse[] {
  const now = performance.now()
  return [...book.served.inFlight].flatMap(([response, entry]) =>
    response.writableEnded || response.destroyed ? [] : openResponse(book, response, entry, now),
  )
}

function openResponse(book: Book, response: ServerResponse, entry: ServedEntry, nowMs: number): OpenResponse {
  const { request } = entry
  const { socket } = request
  return {
    id: entry.id,
    method: request.method ?? 'GET',
    path: (request.url ?? '/').split('?', 1)[0] ?? '/',
    origin: originOf(socket),
    status: response.headersSent ? response.statusCode : null,
    startedAtMs: entry.startedAtMs,
    socketBytesWritten: socket.bytesWritten,
    waitsForPeer: response.writableLength > 0 || (!request.complete && book.eyes.readableState(request).reader === 'active'),
    isEventStream: isEventStream(response),
    localPort: socket.localPort ?? null,
    remotePort: socket.remotePort ?? null,
    iteration: entry.iteration,
    isOwnServer: book.served.ownServers.has(entry.server),
    openedAt: nowMs - entry.startedAtMs < (book.isOver ? SUSPECT_AFTER_MS.after : SUSPECT_AFTER_MS.during) ? null : handlerOf(entry),
    lastTouchedAt: entry.headWritten?.frame() ?? null,
  }
}

function originOf(socket: IncomingMessage['socket']): string | null {
  const { localAddress, localPort } = socket
  if (localAddress === undefined || localPort === undefined) return null
  const address = localAddress.replace(/^::ffff:/, '')
  return `${'encrypted' in socket ? 'https' : 'http'}://${address.includes(':') ? `[${address}]` : address}:${localPort}`
}

/** Headers handed to writeHead() are kept in the text of the head only. */
function isEventStream(response: ServerResponse): boolean {
  const { _header } = response as ServerResponse & { readonly _header?: unknown }
  return /^content-type:\s*text\/event-stream/im.test(typeof _header === 'string' ? _header : '')
}

/** A framework's listener is not the user's own: then the line that made the server listen has to do. */
function handlerOf({ server }: ServedEntry): Frame | null {
  for (const listener of server.listeners('request')) {
    const frame = placeOfFunction(listener)
    if (frame !== null) return frame
  }
  return (server as { readonly [CAPTURE_SLOT]?: Capture })[CAPTURE_SLOT]?.frame() ?? null
}

/** Streams of node:http2's client sessions. Those of undici come by its own channels (undici.ts); here they are only known for what they are. */
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { type Book, captureFor, entriesAtWork, REQUEST_SLOT, type RequestEntry } from './book.ts'
import { numberAfter } from './raw-headers.ts'
import { beginRequest, countFailure, endRequest, requestEntryOf } from './request-entries.ts'

type Slotted = ClientHttp2Stream & { [REQUEST_SLOT]?: RequestEntry }
type Headers = Readonly<Record<string, unknown>>

interface Message {
  readonly stream: Slotted
  readonly headers: Headers
}

/** What other ledgers have noted of it already, theirs to be found behind our own. */
const othersOf = ({ [REQUEST_SLOT]: entry }: Slotted): { [REQUEST_SLOT]?: RequestEntry } =>
  entry === undefined ? {} : { [REQUEST_SLOT]: entry }

const text = (headers: Headers, name: string): string => String(headers[name] ?? '')

export function http2Recorders(book: Book): Readonly<Record<string, (message: never) => void>> {
  function created({ stream, headers }: Message): void {
    if (stream.session == null || book.eyes.isUndiciSession(stream.session)) return
    const request = { method: text(headers, ':method') || 'GET', path: text(headers, ':path') || '/', stream, ...othersOf(stream) }
    const capture = entriesAtWork(stream[REQUEST_SLOT])?.capture ?? captureFor(book, created)
    stream[REQUEST_SLOT] = beginRequest(book, request, 'node:http2', originOf(headers), capture)
  }

  function answered({ stream, headers }: { readonly stream: Slotted; readonly headers: IncomingHttpHeaders }): void {
    const entry = requestEntryOf(book, stream)
    if (entry === undefined) return
    entry.headersAtMs = performance.now()
    entry.response = stream
    entry.status = Number(headers[':status'] ?? 0)
    entry.bodyBytes = entry.method === 'HEAD' ? 0 : numberAfter(text(headers, 'content-length') || null, '')
    linkConnection(book, entry)
    stream.on('close', gone)
    if (entry.iteration < 0) return
    if (entry.status < 400) book.ok += 1
    else countFailure(book, entry)
  }

  /** Over on the wire. What came and waits for a reader keeps the stream all the same, and with it the session: that is over when it is destroyed. */
  function closed({ stream }: Pick<Message, 'stream'>): void {
    const entry = requestEntryOf(book, stream)
    if (entry !== undefined && (stream.destroyed || entry.response === null)) endRequest(book, entry, performance.now())
  }

  function gone(this: Slotted): void {
    const entry = requestEntryOf(book, this)
    if (entry !== undefined) endRequest(book, entry, performance.now())
  }

  function failed({ stream }: Pick<Message, 'stream'>): void {
    const entry = requestEntryOf(book, stream)
    if (entry !== undefined) countFailure(book, entry)
  }

  return {
    'http2.client.stream.created': created,
    'http2.client.stream.finish': answered,
    'http2.client.stream.close': closed,
    'http2.client.stream.error': failed,
  }
}

const originOf = (headers: Headers): string => `${text(headers, ':scheme') || 'http'}://${text(headers, ':authority')}`

/** Looks up the connection a stream is on: its session stands for it, and only the port tells which it is. */
export function linkConnection(book: Book, entry: RequestEntry): void {
  if (entry.socket !== null) return
  const { stream } = entry.request as { readonly stream?: Slotted }
  const session = stream?.session
  // A session that is over has no socket any more, and says so by throwing.
  if (session == null || session.destroyed || session.connecting) return
  const { localPort } = session.socket
  const known = [...book.sockets].find(({ role, socket }) => role === 'outbound' && socket.localPort === localPort)
  if (known !== undefined) entry.socket = known
}

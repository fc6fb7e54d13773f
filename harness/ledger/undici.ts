/** Requests of undici and of built-in fetch: the same channels, whichever copy of undici speaks. */
import { AsyncLocalStorage, executionAsyncResource } from 'node:async_hooks'
import { askerOf, confirmAsker, takeFromQueue } from './asked.ts'
import { noteAnswered } from './bodies.ts'
import { type Book, CAPTURE_SLOT, captureFor, poolOf, type QueuedEntry, REQUEST_SLOT, type RequestEntry } from './book.ts'
import { branchesTakenByGc, claimCancelled, keepRescued, rescuedEntry } from './cancelled-streams.ts'
import { numberAfter, type RawHeaders, rawHeader } from './raw-headers.ts'
import { beginRequest, countFailure, endRequest, noteRedirect, noteServerCloses, requestEntryOf } from './request-entries.ts'
import { noteReset } from './resets.ts'
import { noteRequestOn, olderSocket } from './sockets.ts'
import type { Capture } from './stacks.ts'

interface UndiciRequest {
  readonly method: string
  readonly path: string
  readonly origin: string | URL | null
  /** Whoever asked wants the connection closed after it. */
  readonly reset?: boolean | null
  [REQUEST_SLOT]?: RequestEntry
}

type WithCapture = object & { [CAPTURE_SLOT]?: Capture | null }

/** The last request of the fetch that we are inside of: its redirects are followed from callbacks of undici's own, each with a new handler. */
const fetching = new AsyncLocalStorage<number>()

/** Its id; undefined: no fetch was made here. */
export const lastFetchHere = (): number | undefined => fetching.getStore()

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Whoever cancels, dumps or destroys a body has had the answer. */
const isLettingGo = (entry: RequestEntry, error: unknown): boolean =>
  entry.headersAtMs !== null && error instanceof Error && error.name === 'AbortError'

/** Origins met so far, as URLs spell them: parsing one costs 1 us, and a client asks few of them. */
const MAX_ORIGINS = 256
const originsMet = new Map<string, string>()

function originOf({ origin }: UndiciRequest): string {
  if (origin === null) return ''
  const text = String(origin)
  const known = originsMet.get(text)
  if (known !== undefined) return known
  const parsed = new URL(text).origin
  if (originsMet.size >= MAX_ORIGINS) originsMet.clear()
  originsMet.set(text, parsed)
  return parsed
}

const isClose = (value: Uint8Array | string | null): boolean =>
  value !== null && value.length === 5 && String(value).toLowerCase() === 'close'

export function undiciRecorders(book: Book): Readonly<Record<string, (message: never) => void>> {
  /** The stack of whoever asked: kept on the handler, or on the queue entry we run in, else the present one. */
  function askedBy(handler: WithCapture | null, isFetch: boolean, queued: QueuedEntry | undefined): Capture | null {
    const kept = handler?.[CAPTURE_SLOT]
    if (book.level !== 'full') return kept === undefined ? captureFor(book, created) : kept
    const asked = kept ?? queued?.capture
    if (asked !== undefined) return asked
    const capture = captureFor(book, created)
    const before = isFetch ? fetching.getStore() : undefined
    const redirected = before === undefined ? undefined : book.redirected.get(before)
    // The user's own next request after a redirect has the user's frame on its stack.
    return redirected !== undefined && capture?.frame() == null ? redirected : capture
  }

  /** Of a request that waited in a Pool: we run in its entry of the queue. */
  function queueEntryOf(handler: WithCapture | null): QueuedEntry | undefined {
    if (book.level !== 'full' || (handler?.[CAPTURE_SLOT] != null && book.poolQueue.size === 0)) return undefined
    return takeFromQueue(book, executionAsyncResource())
  }

  function created({ request }: { request: UndiciRequest }): void {
    const handler = book.eyes.undiciHandlerOf(request) as WithCapture | null
    const isFetch = handler !== null && book.eyes.isFetchHandler(handler)
    const queued = queueEntryOf(handler)
    const asker = handler === null || isFetch ? null : askerOf(book, handler, queued)
    const capture = askedBy(handler, isFetch, queued)
    // A retry or a redirect dispatches the same handler again, without the user's frame: it inherits the first one's, or that there is none. Where some
    // handlers had it and others had not, undici's own reading of them would cost more.
    if (handler !== null) handler[CAPTURE_SLOT] = capture
    const entry = beginRequest(book, request, isFetch ? 'fetch' : 'undici', originOf(request), capture)
    entry.asker = asker
    if (isFetch && book.level === 'full') fetching.enterWith(entry.id)
  }

  function sent({ request, socket }: { request: UndiciRequest; socket: object }): void {
    const entry = requestEntryOf(book, request)
    if (entry === undefined) return
    if (entry.client === 'undici') confirmAsker(book, entry)
    entry.socket = olderSocket(book, socket, entry.capture)
    entry.socket.isUndiciHttp2 ??= book.eyes.isUndiciHttp2(socket)
    entry.isStream = entry.socket.isUndiciHttp2
    if (entry.socket.pool === null) {
      const client = book.eyes.undiciClientOf(socket)
      if (client !== null) entry.socket.pool = poolOf(book, client.poolToken, entry.client, entry.origin, null)
    }
  }

  function headers({ request, response }: { request: UndiciRequest; response: { statusCode: number; headers: RawHeaders } }): void {
    const entry = requestEntryOf(book, request)
    if (entry === undefined || response.statusCode < 200) return
    entry.headersAtMs = performance.now()
    entry.status = response.statusCode
    entry.receivedBytes = 0
    if (entry.client === 'fetch') noteAnswered(book, entry)
    if (entry.client === 'fetch' && REDIRECTS.has(response.statusCode)) noteRedirect(book, entry)
    entry.bodyBytes = request.method === 'HEAD' ? 0 : numberAfter(rawHeader(response.headers, 'content-length'), '')
    if (entry.iteration >= 0) {
      if (response.statusCode < 400) book.ok += 1
      else countFailure(book, entry)
    }
    noteRequestOn(entry, rawHeader(response.headers, 'keep-alive'))
    if (request.reset !== true && isClose(rawHeader(response.headers, 'connection'))) noteServerCloses(book, entry)
  }

  function received({ request, chunk }: { request: UndiciRequest; chunk: { readonly length: number } }): void {
    const entry = requestEntryOf(book, request)
    if (entry !== undefined) entry.receivedBytes = (entry.receivedBytes ?? 0) + chunk.length
  }

  function ended({ request }: { request: UndiciRequest }): void {
    const entry = requestEntryOf(book, request)
    if (entry !== undefined) endRequest(book, entry, performance.now())
  }

  function failed({ request, error }: { request: UndiciRequest; error: unknown }): void {
    const entry = requestEntryOf(book, request)
    if (entry === undefined) return
    const branches = branchesTakenByGc(error)
    if (branches > 0) {
      const rescued = rescuedEntry(entry, claimCancelled(book.cancelled, branches))
      if (entry.iteration >= 0) keepRescued(book, rescued)
    } else if (!isLettingGo(entry, error)) {
      countFailure(book, entry)
      noteReset(book, entry, error)
    }
    endRequest(book, entry, performance.now())
  }

  return {
    'undici:request:create': created,
    'undici:client:sendHeaders': sent,
    'undici:request:headers': headers,
    'undici:request:bodyChunkReceived': received,
    'undici:request:trailers': ended,
    'undici:request:error': failed,
  }
}

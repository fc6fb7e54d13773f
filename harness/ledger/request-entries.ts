/** The life of a request in the book: begun, answered or redirected, failed, ended. */
import type { HttpClient } from '../model/ledger-page.ts'
import { type Book, entriesAtWork, entryOf, keep, REQUEST_SLOT, type RequestEntry } from './book.ts'
import { iterationNow } from './descent.ts'
import { callNow } from './serving.ts'
import type { Capture } from './stacks.ts'

/** What ClientRequest and undici's Request have in common. */
interface Slotted {
  readonly method: string
  readonly path: string
  [REQUEST_SLOT]?: RequestEntry
}

/** Stacks of ended requests kept to number the requests of one line; about 6 kB each. */
const MAX_HISTORY = 2_048
/** Response times kept for percentiles. */
const MAX_DURATIONS = 200_000

/** The entry of a request in this very book: other ledgers of this process may have left some of their own. */
export function requestEntryOf(book: Book, request: Pick<Slotted, typeof REQUEST_SLOT>): RequestEntry | undefined {
  return entryOf(book, request[REQUEST_SLOT])
}

/** A query may carry a signature; it is never kept. */
function withoutQuery(path: string): string {
  const at = path.indexOf('?')
  return at < 0 ? path : path.slice(0, at)
}

/** Opens a request in the book and marks the client's own object with it. */
export function beginRequest(book: Book, request: Slotted, client: HttpClient, origin: string, capture: Capture | null): RequestEntry {
  const other = entriesAtWork(request[REQUEST_SLOT])
  const entry: RequestEntry = {
    book,
    other,
    // One request, one id: fetch carries it to its redirects, for whoever watches.
    id: other?.id ?? book.nextId++,
    client,
    request,
    response: null,
    method: request.method,
    origin,
    path: withoutQuery(request.path),
    createdAtMs: performance.now(),
    headersAtMs: null,
    status: null,
    bodyBytes: null,
    receivedBytes: null,
    socket: null,
    iteration: iterationNow(book),
    servedFor: callNow(),
    capture,
    isStream: client === 'node:http2',
    countedAsFailed: false,
    branches: null,
    wrapper: null,
    before: null,
    after: null,
    isListed: false,
  }
  request[REQUEST_SLOT] = entry
  keep(book, book.requests, entry)
  if (entry.iteration >= 0) countSent(book, entry)
  return entry
}

function countSent(book: Book, entry: RequestEntry): void {
  book.sent += 1
  book.peakOpen = Math.max(book.peakOpen, book.requests.size)
  if (book.history.length < MAX_HISTORY) book.history.push(entry.capture)
  else book.historyOverflowed = true
}

/** Redirects under way at one time that are remembered; the hop follows at once. */
const MAX_REDIRECTED = 256

export function noteRedirect(book: Book, { id, capture }: RequestEntry): void {
  book.redirected.set(id, capture)
  const [oldest] = book.redirected.keys()
  if (oldest !== undefined && book.redirected.size > MAX_REDIRECTED) book.redirected.delete(oldest)
}

/** Marks a request as over: not open any more, its time noted. */
export function endRequest(book: Book, entry: RequestEntry, nowMs: number): void {
  if (!book.requests.delete(entry)) return
  if (entry.socket !== null) entry.socket.idleSinceMs = nowMs
  if (entry.iteration >= 0 && entry.headersAtMs !== null && book.durationsMs.length < MAX_DURATIONS)
    book.durationsMs.push(nowMs - entry.createdAtMs)
}

/** The server has said that this answer is the last of its connection, which the client had offered to keep. */
export function noteServerCloses(book: Book, { iteration, socket, origin }: RequestEntry): void {
  if (iteration < 0 || socket === null) return
  const { requestsServed: answers } = socket
  const before = book.serverCloses
  book.serverCloses =
    before === null
      ? { count: 1, origin, leastAnswers: answers, mostAnswers: answers }
      : {
          ...before,
          count: before.count + 1,
          leastAnswers: Math.min(before.leastAnswers, answers),
          mostAnswers: Math.max(before.mostAnswers, answers),
        }
}

/** One that was answered and broke off before its end has failed after all. */
export function countFailure(book: Book, entry: RequestEntry): void {
  if (entry.iteration < 0 || entry.countedAsFailed) return
  if (entry.status !== null && entry.status < 400) book.ok -= 1
  entry.countedAsFailed = true
  book.failed += 1
}

/** The life of a request in the book: begun, answered or redirected, failed, ended. */
import type { Readable } from 'node:stream'
import type { HttpClient } from '../model/ledger-page.ts'
import { type Book, entriesAtWork, entryOf, keep, REQUEST_SLOT, type RequestEntry, type SocketEntry } from './book.ts'
import type { Branches } from './branches.ts'
import { iterationNow } from './descent.ts'
import { callNow, type ServedCall } from './serving.ts'
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

/**
 * A class, not a literal: of a literal whose first instances live long V8 makes the later ones in the old generation at once, where each keeps its request,
 * and all that hangs on it, past every scavenge. That doubled what scavenges copy.
 */
class Entry implements RequestEntry {
  declare readonly book: Book
  declare readonly other: RequestEntry | undefined
  declare readonly id: number
  declare client: HttpClient
  declare readonly request: object
  declare readonly method: string
  declare readonly origin: string
  declare readonly path: string
  declare readonly createdAtMs: number
  declare capture: Capture | null
  declare isStream: boolean
  declare iteration: number
  declare readonly servedFor: ServedCall | null
  response: Readable | null = null
  headersAtMs: number | null = null
  status: number | null = null
  bodyBytes: number | null = null
  receivedBytes: number | null = null
  socket: SocketEntry | null = null
  asker: object | null = null
  countedAsFailed = false
  branches: Branches | null = null
  wrapper: RequestEntry['wrapper'] = null
  before: RequestEntry | null = null
  after: RequestEntry | null = null
  isListed = false

  constructor(book: Book, request: Slotted, client: HttpClient, origin: string, capture: Capture | null) {
    const other = entriesAtWork(request[REQUEST_SLOT])
    this.book = book
    this.other = other
    // One request, one id: fetch carries it to its redirects, for whoever watches.
    this.id = other?.id ?? book.nextId++
    this.client = client
    this.request = request
    this.method = request.method
    this.origin = origin
    this.path = withoutQuery(request.path)
    this.createdAtMs = performance.now()
    this.capture = capture
    this.isStream = client === 'node:http2'
    this.iteration = iterationNow(book)
    this.servedFor = callNow()
  }
}

/** Opens a request in the book and marks the client's own object with it. */
export function beginRequest(book: Book, request: Slotted, client: HttpClient, origin: string, capture: Capture | null): RequestEntry {
  const entry = new Entry(book, request, client, origin, capture)
  request[REQUEST_SLOT] = entry
  keep(book, book.requests, entry)
  if (entry.iteration >= 0) countSent(book, entry)
  return entry
}

function countSent(book: Book, entry: RequestEntry): void {
  book.sent += 1
  book.peakOpen = Math.max(book.peakOpen, book.requests.size)
  if (book.historyOverflowed) return
  if (book.history.length < MAX_HISTORY) {
    book.history.push(entry.capture)
    return
  }
  // A part of it numbers nothing, and holds what its functions saw: 13 MB that every collection would go through.
  book.historyOverflowed = true
  book.history.length = 0
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

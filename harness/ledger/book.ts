/** What the recorders write into: plain mutable state of one ledger, bounded. Over 250 lines because every field of it says what it is for. */
import type { Readable } from 'node:stream'
import type { ClientEyes } from '../model/client-eyes.ts'
import type { HttpClient, LedgerLevel, ServerCloses } from '../model/ledger-page.ts'
import type { Branches } from './branches.ts'
import type { CancelledStreams, RescuedEntry } from './cancelled-streams.ts'
import type { OwnWork } from './descent.ts'
import { type ExhaustionBook, emptyExhaustion } from './exhaustion.ts'
import { emptyFiles, type FileBook } from './file-book.ts'
import { type Linked, OpenList } from './open-list.ts'
import { emptyQueues, type QueueBook } from './queues.ts'
import type { ResetEntry } from './resets.ts'
import { emptyServed, type ServedBook, startServedAfresh } from './served.ts'
import type { ServedCall } from './serving.ts'
import { type Capture, captureStack } from './stacks.ts'

/** Slots on the client's own objects: a Map keyed by request costs 1.1 to 1.3 by itself (facts.md). */
export const REQUEST_SLOT = Symbol('watertight request')
export const SOCKET_SLOT = Symbol('watertight socket')
export const CAPTURE_SLOT = Symbol('watertight stack')
/** On the handler of a request that undici was asked for. */
export const ASKED_SLOT = Symbol('watertight asked')
/** On the entry of a Pool's queue. */
export const QUEUED_SLOT = Symbol('watertight queued')

export interface RequestEntry extends Linked<RequestEntry> {
  /** Whose it is: other ledgers of this process may have marked the same object. */
  readonly book: Book
  /** The entry of another ledger that watches at the same time. */
  readonly other: RequestEntry | undefined
  readonly id: number
  client: HttpClient
  /** ClientRequest, or undici's Request. */
  readonly request: object
  /** IncomingMessage, or a stream of HTTP/2. */
  response: Readable | null
  readonly method: string
  readonly origin: string
  readonly path: string
  readonly createdAtMs: number
  headersAtMs: number | null
  status: number | null
  bodyBytes: number | null
  receivedBytes: number | null
  socket: SocketEntry | null
  capture: Capture | null
  /** It is a stream of HTTP/2. */
  isStream: boolean
  iteration: number
  readonly servedFor: ServedCall | null
  /** The handler of undici's API that asked for it; null: of another client, or hidden and not found (asked.ts). */
  asker: object | null
  countedAsFailed: boolean
  /** Its body was split by clone or tee. */
  branches: Branches | null
  /** What the body was piped into, and who did that: only at level `full`, for it costs up to 80 us a piped body. */
  wrapper: { readonly stream: WeakRef<object>; readonly pipedBy: Capture | null } | null
}

export interface SocketEntry {
  readonly book: Book
  /** The entry of another ledger that watches at the same time. */
  readonly other: SocketEntry | undefined
  readonly id: number
  readonly socket: SocketLike
  readonly role: 'outbound' | 'inbound'
  readonly openedAtMs: number
  iteration: number
  readonly capture: Capture | null
  /** Stack of the first request it carried: for a pooled connection that is who needed it. */
  firstRequest: Capture | null
  firstOrigin: string | null
  requestsServed: number
  serverHintMs: number | null
  /** When its last request ended; null while it has had none. */
  idleSinceMs: number | null
  pool: PoolEntry | null
  /** Does undici speak HTTP/2 over it? Null: not asked yet. */
  isUndiciHttp2: boolean | null
  /** There was a descriptor beneath it when it answered first. */
  hadDescriptor: boolean
}

/** What we read of a net.Socket. */
export interface SocketLike {
  readonly destroyed: boolean
  readonly localPort?: number | undefined
  readonly remotePort?: number | undefined
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly connecting?: boolean
  /** Of a TLS socket: its handshake is under way. */
  readonly secureConnecting?: boolean
  readonly timeout?: number | undefined
  readonly readableEnded: boolean
  readonly _handle?: { readonly fd?: number; readonly _parent?: object | null } | null
  readonly server?: object | null
  destroy(): unknown
}

export interface PoolEntry {
  readonly id: number
  readonly client: HttpClient
  readonly origin: string
  /** An http.Agent, else null. */
  readonly agent: object | null
  /** The agent's name for this origin. */
  readonly agentName: string | null
  firstSeenIteration: number
}

export interface HandleEntry {
  readonly id: number
  readonly type: string
  readonly resource: object
  readonly capture: Capture
  readonly openedAtMs: number
  iteration: number
}

/** Open things kept at once; beyond it they are counted as dropped. A process with more open requests than this has other troubles. */
const MAX_OPEN = 100_000

/** A request that undici's API was asked for and no channel has shown yet. */
export interface AskedEntry extends Linked<AskedEntry> {
  readonly book: Book
  readonly other: AskedEntry | undefined
  readonly id: number
  /** It will reappear on the dispatched request. */
  readonly handler: object
  readonly capture: Capture
  readonly askedAtMs: number
  /** The execution it was asked in (async_hooks). */
  readonly executionId: number
  readonly iteration: number
}

/** A request that waits in the queue of an undici Pool. */
export interface QueuedEntry extends Linked<QueuedEntry> {
  readonly book: Book
  readonly other: QueuedEntry | undefined
  /** The async resource that is the queue's own entry. */
  readonly resource: object
  /** Of whoever asked. */
  readonly capture: Capture
  /** What was asked for, where that was noted; its handler may be hidden in the queue's. */
  readonly asked: AskedEntry | null
  readonly queuedAtMs: number
}

export interface Book {
  readonly eyes: ClientEyes
  level: LedgerLevel
  iteration: number
  /** The work has ended: what is opened from now on is its own only if it descends from it. */
  isOver: boolean
  /** Some were pending when a page was written after the work: from then on the ledger looks at them, too. Clients set one for nearly every request. */
  seesImmediates: boolean
  /** What runs inside `inWork` carries this; null while nobody has run anything there, so that descent cannot be told. */
  work: OwnWork | null
  /** Others work in this process at the same time: only what descends from the work is its own. */
  isStrict: boolean
  /** How many within the work watch for themselves just now. */
  nested: number
  isStopped: boolean
  nextId: number
  readonly requests: OpenList<RequestEntry>
  /** Answered in full while their own body was not sent to the end. */
  readonly uploads: Set<RequestEntry>
  readonly sockets: Set<SocketEntry>
  /** Sweep destroyed sockets when the set has grown to this. */
  socketSweepAt: number
  readonly handles: Map<number, HandleEntry>
  readonly files: FileBook
  exhausted: ExhaustionBook
  queues: QueueBook
  /** Lists, not maps: each new table of a map is known to the one before, and one that grew old keeps all that came after, with whole requests. */
  readonly asked: OpenList<AskedEntry>
  /** The last of them, until it is dispatched or queued. */
  newestAsked: AskedEntry | null
  /** Sweep those that are over when the list has grown to this. */
  askedSweepAt: number
  serverCloses: ServerCloses | null
  /** Local ports of connections that were answered on, the last of them (ports.ts). */
  readonly dialled: number[]
  readonly poolQueue: OpenList<QueuedEntry>
  /** When a queued request, or an entry of a pool's queue, was first seen to be given up. */
  readonly givenUpAtMs: WeakMap<object, number>
  readonly pools: Map<object, Map<string, PoolEntry>>
  /** Dispatchers whose stats we may read, the global one among them. */
  readonly handedOver: Set<object>
  readonly history: (Capture | null)[]
  historyOverflowed: boolean
  readonly rescued: RescuedEntry[]
  readonly resets: ResetEntry[]
  readonly cancelled: CancelledStreams
  /** Fetches whose headers came and whose Response was not seen yet, in that order (bodies.ts). */
  readonly answered: RequestEntry[]
  /** Stacks of fetches whose answer was a redirect, by request id: the next hop has no frame of the user's. */
  readonly redirected: Map<number, Capture | null>
  readonly served: ServedBook
  readonly durationsMs: number[]
  sent: number
  ok: number
  failed: number
  connectionsOpened: number
  peakOpen: number
  dropped: number
  readonly subscriberErrors: string[]
  sampleCounter: number
}

/** Ids of two ledgers of one process never meet: what one keeps in an async context the other must not take for its own. */
const IDS_OF_A_BOOK = 2 ** 32
let nextBook = 1

export function emptyBook(eyes: ClientEyes, level: LedgerLevel, handedOver: readonly object[]): Book {
  return {
    eyes,
    level,
    iteration: -1,
    isOver: false,
    seesImmediates: false,
    work: null,
    isStrict: false,
    nested: 0,
    isStopped: false,
    nextId: nextBook++ * IDS_OF_A_BOOK,
    requests: new OpenList(),
    uploads: new Set(),
    sockets: new Set(),
    socketSweepAt: 256,
    handles: new Map(),
    files: emptyFiles(),
    exhausted: emptyExhaustion(),
    queues: emptyQueues(),
    asked: new OpenList(),
    newestAsked: null,
    askedSweepAt: 256,
    serverCloses: null,
    dialled: [],
    poolQueue: new OpenList(),
    givenUpAtMs: new WeakMap(),
    pools: new Map(),
    handedOver: new Set(handedOver),
    history: [],
    historyOverflowed: false,
    rescued: [],
    resets: [],
    cancelled: [],
    answered: [],
    redirected: new Map(),
    served: emptyServed(),
    durationsMs: [],
    sent: 0,
    ok: 0,
    failed: 0,
    connectionsOpened: 0,
    peakOpen: 0,
    dropped: 0,
    subscriberErrors: [],
    sampleCounter: 0,
  }
}

/** One request in 16 keeps its stack at level `sampled` (facts.md: 1.00 to 1.09 against 1.18 to 1.35 for every one). */
const SAMPLE_EVERY = 16

export function captureFor(book: Book, skip: (...args: never[]) => unknown): Capture | null {
  if (book.level === 'sampled' && book.sampleCounter++ % SAMPLE_EVERY !== 0) return null
  return captureStack(skip)
}

/** The entry that this ledger made for an object, among those of all that watch at the same time. */
export function entryOf<T extends { readonly book: Book; readonly other: T | undefined }>(book: Book, slot: T | undefined): T | undefined {
  for (let entry = slot; entry !== undefined; entry = entry.other) if (entry.book === book) return entry
  return undefined
}

/** The entries of an object that belong to ledgers still at work; those of the others only held on to their books. */
export function entriesAtWork<T extends { readonly book: Book; readonly other: T | undefined }>(slot: T | undefined): T | undefined {
  let entry = slot
  while (entry?.book.isStopped) entry = entry.other
  return entry
}

/** What those who watched within the work have left open is the work's own from now on; or, where they answer for it, nobody's. */
export function takeOver(book: Book, nestedIteration: number, iteration: number): void {
  for (const entry of [...book.requests, ...book.uploads, ...book.sockets, ...book.handles.values(), ...book.served.inFlight.values()])
    if (entry.iteration === nestedIteration) entry.iteration = iteration
}

/** Everything open now becomes older than the baseline, everything counted starts again from nothing. */
export function startAfresh(book: Book): void {
  book.iteration = -1
  book.isOver = false
  book.work = null
  for (const entry of [...book.requests, ...book.uploads, ...book.sockets]) entry.iteration = -1
  for (const byOrigin of book.pools.values()) for (const pool of byOrigin.values()) pool.firstSeenIteration = -1
  startServedAfresh(book.served)
  book.asked.clear()
  book.newestAsked = null
  book.poolQueue.clear()
  book.files.opened.clear()
  book.files.collected.length = 0
  book.exhausted = emptyExhaustion()
  book.queues = emptyQueues()
  book.serverCloses = null
  book.history.length = 0
  book.historyOverflowed = false
  book.rescued.length = 0
  book.resets.length = 0
  book.cancelled.length = 0
  book.answered.length = 0
  book.durationsMs.length = 0
  book.subscriberErrors.length = 0
  Object.assign(book, { sent: 0, ok: 0, failed: 0, connectionsOpened: 0, peakOpen: 0, dropped: 0 })
}

/** Adds to a bounded set; what finds no room is counted. */
export function keep<T>(book: Book, set: { readonly size: number; add(entry: T): unknown }, entry: T): void {
  if (set.size >= MAX_OPEN) book.dropped += 1
  else set.add(entry)
}

/** The pool of `owner` (an Agent, or a token shared by the connections of one undici pool) for one origin. */
export function poolOf(book: Book, owner: object, client: HttpClient, origin: string, agentName: string | null): PoolEntry {
  const byOrigin = book.pools.get(owner) ?? new Map<string, PoolEntry>()
  book.pools.set(owner, byOrigin)
  const key = agentName ?? origin
  let pool = byOrigin.get(key)
  if (pool === undefined) {
    const agent = agentName === null ? null : owner
    pool = { id: book.nextId++, client, origin, agent, agentName, firstSeenIteration: book.iteration }
    byOrigin.set(key, pool)
  }
  return pool
}

/**
 * Body streams that garbage collection cancels when it takes their Response: is there anybody who holds the stream, and reads nothing where
 * data was? Told without holding the stream: by a read that comes after, or because it outlives the next collection as well.
 */
import type { BodyFate, Frame, RescuedBody } from '../model/ledger-page.ts'
import type { Book, RequestEntry } from './book.ts'
import { type Capture, captureStack } from './stacks.ts'

/** How garbage collection announces that it cancelled a body (facts.md). */
const GC_MESSAGE = 'Response object has been garbage collected'

/** How many branches of a body garbage collection cancelled, by the error it was cancelled with; 0: somebody else did. */
export function branchesTakenByGc(error: unknown): number {
  if (error instanceof AggregateError) return error.errors.reduce((sum: number, each) => sum + branchesTakenByGc(each), 0)
  return String(error).includes(GC_MESSAGE) ? 1 : 0
}

interface CancelledStream {
  readonly stream: WeakRef<object>
  /** Collections it has outlived since the client and the ledger let go of it. */
  survived: number
  /** Who asked for its data afterwards. */
  readBy: Capture | null
}

/** Cancelled streams that no failed request has claimed yet: a first branch of a clone, or a body that had come whole. */
export type CancelledStreams = CancelledStream[]

/** From so many on somebody holds it: the one under way when it was let go of proves nothing. */
const HELD_AFTER = 2

/** Tells when the collector has been here: by something that nobody ever held. */
const visits = new FinalizationRegistry<CancelledStream>((entry) => {
  if (entry.stream.deref() === undefined) return
  entry.survived += 1
  if (entry.survived < HELD_AFTER) visits.register({}, entry)
})

/** Kept at once; of those beyond only what was read matters, and that happens soon. */
const MAX_STREAMS = 1_024

/**
 * Notes a stream somebody cancels; called before it is.
 * @param letGo makes the ledger itself let go of what would hold the stream.
 */
export function noteCancelled(cancelled: CancelledStreams, stream: object, reason: unknown, letGo: () => void): void {
  if (branchesTakenByGc(reason) === 0) return
  const entry: CancelledStream = { stream: new WeakRef(stream), survived: 0, readBy: null }
  watchReads(entry, stream)
  // The client lets go of it in the ticks that follow; what holds it after that is somebody else.
  setImmediate(() => {
    letGo()
    visits.register({}, entry)
  }).unref()
  cancelled.push(entry)
  if (cancelled.length > MAX_STREAMS) cancelled.shift()
}

/** The ways to its data; everything else that reads goes through one of them. */
const READS = ['getReader', 'values', Symbol.asyncIterator, 'tee', 'pipeTo', 'pipeThrough'] as const

/** On this one stream, whose data is lost: each way forwards as it is, and tells that it was gone. */
function watchReads(entry: CancelledStream, stream: object): void {
  for (const name of READS) {
    const original: unknown = Reflect.get(stream, name)
    if (typeof original !== 'function') continue
    const read = function read(this: unknown, ...args: unknown[]): unknown {
      entry.readBy ??= captureStack(read)
      return Reflect.apply(original, this, args)
    }
    Object.defineProperty(stream, name, { value: read, configurable: true, writable: true })
  }
}

/** The streams of a body that has failed now: cancelled last, one for each branch. */
export function claimCancelled(cancelled: CancelledStreams, branches: number): readonly CancelledStream[] {
  return branches === 0 ? [] : cancelled.splice(-branches)
}

/** A request whose body went that way; without what would hold its stream, the request itself and its stack, which keeps what its functions saw. */
export interface RescuedEntry extends Pick<RequestEntry, 'origin' | 'method' | 'path' | 'bodyBytes'> {
  readonly openedAt: Frame | null
  readonly streams: readonly CancelledStream[]
}

export function rescuedEntry(entry: RequestEntry, streams: readonly CancelledStream[]): RescuedEntry {
  const { origin, method, path, capture, bodyBytes, socket } = entry
  // Read, a stack holds nothing any more; a connection made in the place of this one would lead to it.
  socket?.capture?.frame()
  socket?.firstRequest?.frame()
  return { origin, method, path, bodyBytes, openedAt: capture?.frame() ?? null, streams }
}

/** Kept at once; a judgement groups them, and more of the same teach nothing. */
const MAX_RESCUED = 10_000

export function keepRescued(book: Pick<Book, 'rescued' | 'dropped'>, entry: RescuedEntry): void {
  if (book.rescued.length < MAX_RESCUED) book.rescued.push(entry)
  else book.dropped += 1
}

export function rescuedBodies(rescued: readonly RescuedEntry[], cancelled: CancelledStreams): readonly RescuedBody[] {
  const groups = new Map<string, RescuedBody>()
  const add = (body: Omit<RescuedBody, 'count'>): void => {
    const key = `${body.origin} ${siteOf(body.openedAt)} ${body.fate} ${siteOf(body.lastTouchedAt)}`
    const { count, bodyBytes } = groups.get(key) ?? { count: 0, bodyBytes: 0 }
    groups.set(key, { ...body, count: count + 1, bodyBytes: bodyBytes + body.bodyBytes })
  }
  for (const { origin, method, path, bodyBytes, openedAt, streams } of rescued) {
    const lastTouchedAt = readerOf(streams)?.frame() ?? null
    add({ origin, method, path, fate: fateOf(streams), bodyBytes: bodyBytes ?? 0, openedAt, lastTouchedAt })
  }
  // What had come whole held no connection; that it was lost shows only to whoever reads it.
  for (const stream of cancelled) {
    const lastTouchedAt = stream.readBy?.frame() ?? null
    if (stream.readBy !== null)
      add({ origin: null, method: null, path: null, fate: 'read', bodyBytes: 0, openedAt: lastTouchedAt, lastTouchedAt })
  }
  return [...groups.values()]
}

const siteOf = (frame: Frame | null): string => (frame === null ? '' : `${frame.file}:${frame.line}:${frame.column}`)

function fateOf(streams: readonly CancelledStream[]): BodyFate {
  if (readerOf(streams) !== null) return 'read'
  return streams.some(({ survived, stream }) => survived >= HELD_AFTER && stream.deref() !== undefined) ? 'held' : 'dropped'
}

const readerOf = (streams: readonly CancelledStream[]): Capture | null => streams.find(({ readBy }) => readBy !== null)?.readBy ?? null

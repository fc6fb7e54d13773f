/** Requests that undici was asked for and that no channel has shown yet: until they are dispatched, which mostly is at once, or wait in the queue of a Pool. */
import { AsyncResource, executionAsyncId } from 'node:async_hooks'
import {
  ASKED_SLOT,
  type AskedEntry,
  type Book,
  entriesAtWork,
  entryOf,
  keep,
  QUEUED_SLOT,
  type QueuedEntry,
  type RequestEntry,
} from './book.ts'
import type { Capture } from './stacks.ts'

type WithAsked = object & { [ASKED_SLOT]?: AskedEntry }
type WithQueued = object & { [QUEUED_SLOT]?: QueuedEntry }

/** A class, as are all entries made for each request (request-entries.ts). */
class Asked implements AskedEntry {
  declare readonly book: Book
  declare readonly other: AskedEntry | undefined
  declare readonly id: number
  declare readonly handler: object
  declare readonly capture: Capture
  declare readonly askedAtMs: number
  declare readonly executionId: number
  declare readonly iteration: number
  before: AskedEntry | null = null
  after: AskedEntry | null = null
  isListed = false

  constructor(book: Book, handler: WithAsked, capture: Capture, iteration: number) {
    this.book = book
    this.other = entriesAtWork(handler[ASKED_SLOT])
    this.id = book.nextId++
    this.handler = handler
    this.capture = capture
    this.askedAtMs = performance.now()
    this.executionId = executionAsyncId()
    this.iteration = iteration
  }
}

class Queued implements QueuedEntry {
  declare readonly book: Book
  declare readonly other: QueuedEntry | undefined
  declare readonly resource: object
  declare readonly capture: Capture
  declare readonly asked: AskedEntry | null
  declare readonly queuedAtMs: number
  before: QueuedEntry | null = null
  after: QueuedEntry | null = null
  isListed = false

  constructor(book: Book, resource: WithQueued, capture: Capture, asked: AskedEntry | null) {
    this.book = book
    this.other = entriesAtWork(resource[QUEUED_SLOT])
    this.resource = resource
    this.capture = capture
    this.asked = asked
    this.queuedAtMs = performance.now()
  }
}

/** Until it is dispatched; until it is answered or failed where that never comes: mocked, or waiting in a Pool. */
export function noteAsked(book: Book, handler: WithAsked, capture: Capture, iteration: number): AskedEntry {
  if (book.asked.size >= book.askedSweepAt) {
    for (const entry of book.asked) if (!isStillAsked(book, entry)) noLongerAsked(book, entry)
    book.askedSweepAt = Math.max(256, book.asked.size * 2)
  }
  const entry = new Asked(book, handler, capture, iteration)
  handler[ASKED_SLOT] = entry
  book.asked.add(entry)
  book.newestAsked = entry
  return entry
}

/** Neither answered nor failed, nor begun by a connection: then it was dispatched in a wrapper that hides it, and a channel has shown it. */
export const isStillAsked = (book: Book, { handler }: AskedEntry): boolean =>
  book.eyes.isAsking(handler) === true && !book.eyes.hasBegun(handler)

/** The newest is let go of, too: holding it would keep its body alive. */
export function noLongerAsked(book: Book, entry: AskedEntry): void {
  book.asked.delete(entry)
  if (book.newestAsked === entry) book.newestAsked = null
}

/**
 * A request is dispatched now, and by whom of undici's API is wanted. Mostly it is its own handler. An interceptor hides that in a private field, and so does
 * an Agent of another version of undici, which the global one is as soon as node:http was imported first: then it is known by the entry of the Pool's
 * queue, or as what was asked for last in this very execution. Whether it is that one shows when it is sent.
 */
export function askerOf(book: Book, handler: WithAsked, queued: QueuedEntry | undefined): object | null {
  const isOwn: boolean = handler instanceof AsyncResource
  if (book.asked.size === 0) return isOwn ? handler : null
  const entry = isOwn ? entryOf(book, handler[ASKED_SLOT]) : (askedInQueue(book, queued) ?? askedJustNow(book))
  if (entry !== undefined) noLongerAsked(book, entry)
  // What has begun until now has not begun with this one.
  else if (!isOwn) takeBegun(book)
  return isOwn ? handler : (entry?.handler ?? null)
}

/** Of another ledger's entry the list is another's, too. */
const askedInQueue = (book: Book, queued: QueuedEntry | undefined): AskedEntry | null => (queued?.book === book ? queued.asked : null)

function askedJustNow(book: Book): AskedEntry | undefined {
  const { newestAsked: newest } = book
  return newest?.isListed && newest.executionId === executionAsyncId() && !book.eyes.hasBegun(newest.handler) ? newest : undefined
}

/**
 * A connection begins with a request and tells its handler so, just before it says that it sends: an asker that has not heard of it is another's. Where none
 * is known, because an interceptor dispatched late (after a look-up of names, say), it is the one that has heard of it since.
 */
export function confirmAsker(book: Book, entry: RequestEntry): void {
  const mistaken = entry.asker as WithAsked | null
  if (mistaken !== null && (book.eyes.hasBegun(mistaken) || book.eyes.undiciHandlerOf(entry.request) === mistaken)) return
  // Several have begun at once where one request is to answer them all (deduplicate).
  const [begun, ...others] = takeBegun(book)
  entry.asker = others.length === 0 ? (begun?.handler ?? null) : null
  if (begun !== undefined && entry.asker !== null) entry.capture = begun.capture
  const asked = entryOf(book, mistaken?.[ASKED_SLOT])
  if (asked !== undefined && isStillAsked(book, asked)) book.asked.add(asked)
}

/** Where more wait, they are not looked through one by one for each request. */
const MAX_LOOKED_THROUGH = 256

function takeBegun(book: Book): readonly AskedEntry[] {
  if (book.asked.size === 0 || book.asked.size > MAX_LOOKED_THROUGH) return []
  const begun = [...book.asked].filter(({ handler }) => book.eyes.hasBegun(handler))
  for (const entry of begun) noLongerAsked(book, entry)
  return begun.filter(({ handler }) => book.eyes.isAsking(handler) !== false)
}

/** The entry of a Pool's queue carries the stack of whoever asked; only what the work itself queues is listed. */
export function noteQueued(book: Book, resource: WithQueued, capture: Capture, asked: AskedEntry | null, isListed: boolean): void {
  const entry = new Queued(book, resource, capture, asked)
  book.newestAsked = null
  resource[QUEUED_SLOT] = entry
  if (isListed) keep(book, book.poolQueue, entry)
}

/** Takes an entry out of the Pool's queue, if it is one, for it is dispatched now. */
export function takeFromQueue(book: Book, resource: WithQueued): QueuedEntry | undefined {
  const known = resource[QUEUED_SLOT]
  const entry = entryOf(book, known)
  if (entry !== undefined) book.poolQueue.delete(entry)
  return entry ?? known
}

/** Requests that undici was asked for and that no channel has shown yet: until they are dispatched, which mostly is at once, or wait in the queue of a Pool. */
import { ASKED_SLOT, type AskedEntry, type Book, entriesAtWork, entryOf, keep, QUEUED_SLOT, type QueuedEntry } from './book.ts'
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
    this.iteration = iteration
  }
}

class Queued implements QueuedEntry {
  declare readonly book: Book
  declare readonly other: QueuedEntry | undefined
  declare readonly resource: object
  declare readonly capture: Capture
  declare readonly queuedAtMs: number
  before: QueuedEntry | null = null
  after: QueuedEntry | null = null
  isListed = false

  constructor(book: Book, resource: WithQueued, capture: Capture) {
    this.book = book
    this.other = entriesAtWork(resource[QUEUED_SLOT])
    this.resource = resource
    this.capture = capture
    this.queuedAtMs = performance.now()
  }
}

/** Until it is dispatched; until it is answered or failed where that never comes: mocked, or waiting in a Pool. */
export function noteAsked(book: Book, handler: WithAsked, capture: Capture, iteration: number): void {
  if (book.asked.size >= book.askedSweepAt) {
    for (const entry of book.asked) if (book.eyes.isAsking(entry.handler) !== true) book.asked.delete(entry)
    book.askedSweepAt = Math.max(256, book.asked.size * 2)
  }
  const entry = new Asked(book, handler, capture, iteration)
  handler[ASKED_SLOT] = entry
  book.asked.add(entry)
}

/** It is dispatched now. */
export function noteDispatched(book: Book, handler: WithAsked): void {
  const entry = entryOf(book, handler[ASKED_SLOT])
  if (entry !== undefined) book.asked.delete(entry)
}

/** The entry of a Pool's queue carries the stack of whoever asked; only what the work itself queues is listed. */
export function noteQueued(book: Book, resource: WithQueued, capture: Capture, isListed: boolean): void {
  const entry = new Queued(book, resource, capture)
  resource[QUEUED_SLOT] = entry
  if (isListed) keep(book, book.poolQueue, entry)
}

/** Takes an entry out of the Pool's queue, if it is one, for it is dispatched now; returns the stack of whoever asked. */
export function takeFromQueue(book: Book, resource: WithQueued): Capture | undefined {
  const known = resource[QUEUED_SLOT]
  const entry = entryOf(book, known)
  if (entry !== undefined) book.poolQueue.delete(entry)
  return (entry ?? known)?.capture
}

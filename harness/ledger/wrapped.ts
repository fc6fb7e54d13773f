/**
 * The methods, of node: but for the last, no channel and no hook tells of, wrapped while the work runs at level `full`, and restored at stop. Each wrapper forwards
 * `this`, arguments and result, and what it notes can throw nothing into the subject. No HTTP client is among them, ever (the rule of the ledger).
 *
 * | method                                     | for                                                  |
 * |--------------------------------------------|------------------------------------------------------|
 * | net.Server#close                           | SERVER_CLOSE_BLOCKED: who asked for a close that never came |
 * | EventTarget#addEventListener, #remove...   | LISTENER_STACKING on a long-lived AbortSignal        |
 * | fs.open, openSync, close, closeSync, create{Read,Write}Stream, fs.promises.open (files.ts) | FILE_LEFT_OPEN |
 * | http.ServerResponse#writeHead              | RESPONSE_NEVER_ENDED: where the headers were written |
 * | nothing: 'newListener' of connections (socket-listeners.ts) | LISTENER_STACKING on a reused socket |
 * | ReadableStream#tee                         | CLONE_BRANCH_UNREAD: which body was split, and where |
 * | ReadableStream#cancel                      | TRUNCATED_BY_GC: which stream the collector cancelled |
 * | FinalizationRegistry#register              | CLONE_BRANCH_UNREAD: whose body a stream is          |
 */
import { getEventListeners } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Server } from 'node:net'
import type { BlockedClose, Frame, ListenerStack } from '../model/ledger-page.ts'
import { noteRegistered } from './bodies.ts'
import { type Book, CAPTURE_SLOT } from './book.ts'
import { noteSplit } from './branches.ts'
import { noteCancelled } from './cancelled-streams.ts'
import { isOfWork } from './descent.ts'
import { wrapFileMethods } from './files.ts'
import { readStacks } from './forget.ts'
import { nodeHttp } from './node-http-module.ts'
import { replaceMethod } from './replace-method.ts'
import { watchSocketListeners } from './socket-listeners.ts'
import { sweepDestroyed } from './sockets.ts'
import { type Capture, captureStack, listenerFrame } from './stacks.ts'
import { guarded } from './subscriptions.ts'
import { lastFetchHere } from './undici.ts'

/** Listeners of one line on one target from which on they count as piling up: Node itself warns beyond 10 (events.defaultMaxListeners). */
const STACK_FROM = 11
/** The first few listeners of a signal keep no stack: fetch adds one or two to a signal of its own for every request, and those never pile up. */
const STACKLESS = 3
/** Signals remembered before those that are gone are dropped; amortised: the next sweep comes when they have doubled. */
const SWEEP_SIGNALS_AT = 1_024

/** How often a signal was given a listener before it was remembered: for each who counts at the same time, as a signal may outlive many of them. */
const COUNT_SLOT = Symbol('watertight listeners')
type Counted = AbortSignal & { readonly [COUNT_SLOT]?: Count }
interface Count {
  readonly counter: Counter
  readonly other: Count | undefined
  times: number
}
interface Counter {
  isOver: boolean
}

/** Listeners of one signal, with the stack that added them; null for the first few. */
type Added = Map<unknown, Capture | null>
/** Of a listener that was there before: nobody's. */
const OLDER: Capture = { frame: () => null }

interface AskedClose {
  readonly port: number | null
  readonly capture: Capture
  /** Of listen(): a framework may close in a turn of its own, when nobody's line is on the stack. */
  readonly listened: Capture | null
}

export interface WrappedMethods {
  /** Servers whose close was asked for and has not come. */
  blockedCloses(): readonly BlockedClose[]
  /** Listeners that pile up on abort signals and on connections. */
  listenerStacks(): readonly ListenerStack[]
  restore(): void
}

export function wrapMethods(book: Book): WrappedMethods {
  const closing = new Map<Server, AskedClose>()
  const signals = new Set<WeakRef<AbortSignal>>()
  const added = new WeakMap<AbortSignal, Added>()
  const counter: Counter = { isOver: false }
  let sweepAt = SWEEP_SIGNALS_AT

  function closeAsked(server: Server): void {
    if (!isOfWork(book) || !server.listening) return
    // The address is gone once the handle is closed.
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : null
    const { [CAPTURE_SLOT]: listened = null } = server as { [CAPTURE_SLOT]?: Capture }
    closing.set(server, { port, capture: captureStack(closeAsked), listened })
  }
  function listenerAdded(target: unknown, type: unknown, listener: unknown): void {
    if (type !== 'abort' || !(target instanceof AbortSignal) || !isOfWork(book)) return
    let listeners = added.get(target)
    if (listeners === undefined) {
      const count = countOn(target, counter)
      const isFirst = count.times === 0
      count.times += 1
      const attached = isFirst || count.times > STACKLESS ? getEventListeners(target, 'abort') : []
      // A signal of one request, as fetch makes for each, is counted on itself only: remembering it weakly costs 4 us. It comes without listeners; one that
      // has some has a life of its own, and what was there at the first of ours is older.
      if (attached.length === 0) return
      listeners = new Map(attached.map((each) => [each, isFirst ? OLDER : null]))
      added.set(target, listeners)
      if (signals.size >= sweepAt) {
        sweepSignals(signals)
        sweepAt = Math.max(SWEEP_SIGNALS_AT, signals.size * 2)
      }
      signals.add(new WeakRef(target))
    }
    if (!listeners.has(listener)) listeners.set(listener, captureStack(listenerAdded, listenerFrame))
  }
  function listenerRemoved(target: unknown, type: unknown, listener: unknown): void {
    if (type === 'abort' && target instanceof AbortSignal) added.get(target)?.delete(listener)
  }
  function headWritten(response: ServerResponse): void {
    const entry = book.served.inFlight.get(response)
    if (entry !== undefined && entry.iteration >= 0) entry.headWritten ??= captureStack(headWritten)
  }
  function cancelled(stream: ReadableStream, reason: unknown): void {
    noteCancelled(book.cancelled, stream, reason, () => letGo(book))
  }

  function registered(_registry: unknown, target: unknown, held: unknown): void {
    noteRegistered(book, target, held, lastFetchHere())
  }

  const split = guarded(book, 'ReadableStream#tee', (stream: ReadableStream, branches: readonly ReadableStream[]) =>
    noteSplit(book, stream, branches, split),
  )

  const sockets = watchSocketListeners(book)
  const restorers = [
    sockets.stop,
    wrap(Server.prototype, 'close', guarded(book, 'Server#close', closeAsked)),
    wrap(EventTarget.prototype, 'addEventListener', guarded(book, 'addEventListener', listenerAdded)),
    wrap(EventTarget.prototype, 'removeEventListener', guarded(book, 'removeEventListener', listenerRemoved)),
    wrapFileMethods(book),
    wrap(ReadableStream.prototype, 'cancel', guarded(book, 'ReadableStream#cancel', cancelled)),
    wrap(
      FinalizationRegistry.prototype as FinalizationRegistry<unknown>,
      'register',
      guarded(book, 'FinalizationRegistry#register', registered),
    ),
    replaceMethod(ReadableStream.prototype, 'tee', (original, self, args) => {
      const branches = Reflect.apply(original, self, args)
      split(self as ReadableStream, branches as readonly ReadableStream[])
      return branches
    }),
    wrap(nodeHttp.ServerResponse.prototype, 'writeHead', guarded(book, 'ServerResponse#writeHead', headWritten)),
  ]
  return {
    blockedCloses: () => [...closing].flatMap(([server, asked]) => blockedClose(server, asked)),
    listenerStacks: () => [...[...signals].flatMap((signal) => stacksOn(signal.deref(), added)), ...sockets.stacks()],
    restore() {
      counter.isOver = true
      for (const restore of restorers) restore()
    },
  }
}

/** Destroyed connections lead to what they carried, and a stack that was not read yet keeps what its functions saw: fetch itself among them. */
function letGo(book: Book): void {
  readStacks(book)
  sweepDestroyed(book)
  for (const { capture } of book.handles.values()) capture.frame()
  // Bounded, and each is read once: the price of a body that nobody read.
  for (const capture of book.history) capture?.frame()
}

/** Replaces a method by one that notes the call first. */
function wrap<T extends object, K extends keyof T & string>(
  holder: T,
  name: K,
  note: (target: never, ...args: never[]) => void,
): () => void {
  return replaceMethod(holder, name, (original, self, args) => {
    note(self as never, ...(args as never[]))
    return Reflect.apply(original, self, args)
  })
}

/** The count of one who counts; those of others who have ended are dropped. */
function countOn(signal: Counted, counter: Counter): Count {
  const newest = signal[COUNT_SLOT]
  for (let count = newest; count !== undefined; count = count.other) if (count.counter === counter) return count
  let other = newest
  while (other?.counter.isOver) other = other.other
  const count: Count = { counter, other, times: 0 }
  Reflect.set(signal, COUNT_SLOT, count)
  return count
}

function sweepSignals(signals: Set<WeakRef<AbortSignal>>): void {
  for (const signal of signals) if (signal.deref() === undefined) signals.delete(signal)
}

/** Node's own count of a server's connections; there is no synchronous public one. */
type Counting = Server & { readonly _connections?: number }

function blockedClose(server: Counting, { port, capture, listened }: AskedClose): readonly BlockedClose[] {
  const connections = server._connections ?? 0
  return server.listening || connections === 0 ? [] : [{ connections, port, openedAt: capture.frame() ?? listened?.frame() ?? null }]
}

/** How a listener reads, whatever it says of itself. */
const textOf = (listener: unknown): string => (typeof listener === 'function' ? Function.prototype.toString.call(listener) : '')

function stacksOn(signal: AbortSignal | undefined, added: WeakMap<AbortSignal, Added>): readonly ListenerStack[] {
  const listeners = signal === undefined ? undefined : added.get(signal)
  if (signal === undefined || listeners === undefined || listeners.size < STACK_FROM) return []
  const attached = new Set<unknown>(getEventListeners(signal, 'abort'))
  const present = [...listeners].filter(([listener]) => attached.has(listener))
  const byLine = new Map<string, { readonly frame: Frame; readonly text: string; count: number }>()
  for (const [listener, capture] of present) {
    const frame = capture?.frame() ?? null
    if (frame === null) continue
    const key = `${frame.file}:${frame.line}`
    const line = byLine.get(key) ?? { frame, text: textOf(listener), count: 0 }
    line.count += 1
    byLine.set(key, line)
  }
  // Those without a stack came by the same line where there is but one, and they read as its listeners do: others are fetch's.
  const stackless = byLine.size === 1 ? present.filter(([, capture]) => capture === null).map(([listener]) => textOf(listener)) : []
  return [...byLine.values()]
    .map(({ frame, text, count }) => ({
      event: 'abort',
      target: 'AbortSignal',
      count: count + stackless.filter((other) => other === text).length,
      openedAt: frame,
    }))
    .filter(({ count }) => count >= STACK_FROM)
}

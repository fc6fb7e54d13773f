/** What no channel carries: timers, watchers, servers, workers, children, and requests queued inside an undici pool. */
import { createHook } from 'node:async_hooks'
import { type Book, CAPTURE_SLOT, keep, QUEUED_SLOT } from './book.ts'
import { isOfWork, iterationNow } from './descent.ts'
import { noteQueuedInPool } from './queues.ts'
import { type Capture, captureStack } from './stacks.ts'
import { noteError } from './subscriptions.ts'

/** async_hooks types that stay open until somebody closes them. TCPWRAP is not here: sockets have channels of their own. */
const HANDLE_TYPES: ReadonlySet<string> = new Set([
  'Timeout',
  'TCPSERVERWRAP',
  'PIPESERVERWRAP',
  'PIPEWRAP',
  'UDPWRAP',
  'FSEVENTWRAP',
  'STATWATCHER',
  'WORKER',
  'MESSAGEPORT',
  'PROCESSWRAP',
  'SIGNALWRAP',
  'HTTP2SESSION',
])

/** undici makes one of these synchronously in the caller's frame, before the request may have to queue. */
const ASKING_TYPES: ReadonlySet<string> = new Set([
  'UNDICI_REQUEST',
  'UNDICI_STREAM',
  'UNDICI_PIPELINE',
  'UNDICI_CONNECT',
  'UNDICI_UPGRADE',
])
const QUEUED_TYPE = 'UNDICI_POOL_QUEUED_REQUEST'

interface ListeningServer {
  readonly _handle?: { [CAPTURE_SLOT]?: Capture } | null
  [CAPTURE_SLOT]?: Capture
}

/**
 * Servers name their line themselves: with a host given, listen() makes its handle a tick later, when the user's frame has gone. The
 * stack is taken when listen() is called and moved to the handle when there is one.
 */
export function serverRecorders(): Readonly<Record<string, (message: never) => void>> {
  function called({ server }: { server: ListeningServer }): void {
    server[CAPTURE_SLOT] = captureStack(called)
  }
  function listening({ server }: { server: ListeningServer }): void {
    if (server._handle && server[CAPTURE_SLOT]) server._handle[CAPTURE_SLOT] = server[CAPTURE_SLOT]
  }
  return { 'tracing:net.server.listen:asyncStart': called, 'tracing:net.server.listen:asyncEnd': listening }
}

export interface ResourceWatch {
  /** No more new entries, where descent cannot be told; what is closed later still leaves the book. */
  endWork(): void
  stop(): void
}

/** Starts watching, at level `full` only. */
export function watchResources(book: Book): ResourceWatch {
  let asked: { readonly asyncId: number; readonly capture: Capture } | null = null
  function init(asyncId: number, type: string, _trigger: number, resource: object): void {
    // The most frequent first. Node 22 knows no trackPromises and tells us of every promise.
    if (type === 'TickObject' || type === 'PROMISE') return
    // Node's own timers, such as a server's for each keep-alive connection, are born without a ref and hold nobody: 9 us a request saved.
    // undici drops the ref of its timers a line later, and makes one between any two requests of a connection: a second stack for each.
    if (type === 'Timeout' && ((resource as { hasRef?: () => boolean }).hasRef?.() === false || book.eyes.isUndiciTimer(resource))) return
    const slotted = resource as { [CAPTURE_SLOT]?: Capture; [QUEUED_SLOT]?: Capture }
    if (ASKING_TYPES.has(type)) {
      slotted[CAPTURE_SLOT] = captureStack(init)
      asked = { asyncId, capture: slotted[CAPTURE_SLOT] }
      const iteration = iterationNow(book)
      if (iteration !== -1) noteAsked(book, resource, slotted[CAPTURE_SLOT], iteration)
    } else if (type === QUEUED_TYPE) {
      // Queued in the same breath as it was asked for: no other resource was made between. Its stack is taken already, 30 us a request saved.
      slotted[QUEUED_SLOT] = asked?.asyncId === asyncId - 1 ? asked.capture : captureStack(init)
      if (iterationNow(book) !== -1) {
        keep(book, book.poolQueue, resource)
        book.queuedAtMs.set(resource, performance.now())
      }
      if (isOfWork(book)) noteQueuedInPool(book, slotted[QUEUED_SLOT])
    } else if (HANDLE_TYPES.has(type)) {
      const iteration = iterationNow(book)
      if (iteration === -1) return
      // Before its own end can come.
      ends.enable()
      book.handles.set(asyncId, { id: asyncId, type, resource, capture: captureStack(init), openedAtMs: performance.now(), iteration })
    }
  }
  // It costs 3 us a request of undici: while there is a destroy hook, Node watches the collection of every AsyncResource. So it begins with the first
  // handle. Without it, a timer that has fired would be kept by its own stack, and with it whatever it closed over: that would change the subject.
  const ends = createHook({ destroy: (asyncId) => void book.handles.delete(asyncId), ...{ trackPromises: false } })
  // Spread, because the types of Node 22 do not know the option.
  const creations = createHook({ init: guardedInit(book, init), ...{ trackPromises: false } }).enable()
  return {
    endWork: () => void creations.disable(),
    stop() {
      creations.disable()
      ends.disable()
    },
  }
}

/** Until it is dispatched, which mostly is at once; until it is answered or failed where that never comes: mocked, or waiting in a Pool. */
function noteAsked(book: Book, resource: object, capture: Capture, iteration: number): void {
  if (book.asked.size >= book.askedSweepAt) {
    for (const handler of book.asked.keys()) if (book.eyes.isAsking(handler) !== true) book.asked.delete(handler)
    book.askedSweepAt = Math.max(256, book.asked.size * 2)
  }
  book.asked.set(resource, { id: book.nextId++, capture, askedAtMs: performance.now(), iteration })
}

type Init = (asyncId: number, type: string, trigger: number, resource: object) => void

/** As `guarded`, without making an array of the arguments: Node tells of ten resources and ticks for each request. */
function guardedInit(book: Book, init: Init): Init {
  return (asyncId, type, trigger, resource) => {
    try {
      init(asyncId, type, trigger, resource)
    } catch (error) {
      noteError(book, 'async_hooks init', error)
    }
  }
}

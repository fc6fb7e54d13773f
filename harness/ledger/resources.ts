/** What no channel carries: timers, watchers, servers, workers, children, and requests queued inside an undici pool. */
import { createHook } from 'node:async_hooks'
import { noteAsked, noteQueued } from './asked.ts'
import { type AskedEntry, type Book, CAPTURE_SLOT } from './book.ts'
import { iterationNow } from './descent.ts'
import { noteQueuedInPool } from './queues.ts'
import { type Capture, captureStack } from './stacks.ts'
import { noteError } from './subscriptions.ts'

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
  /** Of the request that undici was asked for last. */
  let askedId = -1
  let askedBy: Capture | null = null
  let askedEntry: AskedEntry | null = null

  function asked(asyncId: number, resource: { [CAPTURE_SLOT]?: Capture }, capture: Capture): void {
    resource[CAPTURE_SLOT] = capture
    askedId = asyncId
    askedBy = capture
    const iteration = iterationNow(book)
    askedEntry = iteration === -1 ? null : noteAsked(book, resource, capture, iteration)
  }
  function queued(asyncId: number, resource: object): void {
    // Queued in the same breath as it was asked for: no other resource was made between. Its stack is taken already, 30 us a request saved.
    const isSameBreath = askedBy !== null && askedId === asyncId - 1
    const capture = isSameBreath && askedBy !== null ? askedBy : captureStack(init)
    const iteration = iterationNow(book)
    noteQueued(book, resource, capture, isSameBreath ? askedEntry : null, iteration !== -1)
    if (iteration >= 0) noteQueuedInPool(book, capture)
  }
  function opened(asyncId: number, type: string, resource: object, capture: Capture, iteration: number): void {
    // Before its own end can come.
    ends.enable()
    book.handles.set(asyncId, { id: asyncId, type, resource, capture, openedAtMs: performance.now(), iteration })
  }

  /** Guarded in itself, and the stack taken in itself: every frame above the user's costs, and Node tells of ten resources and ticks for each request. */
  function init(asyncId: number, type: string, _trigger: number, resource: object): void {
    try {
      // The most frequent first. Node 22 knows no trackPromises and tells us of every promise.
      switch (type) {
        case 'TickObject':
        case 'PROMISE':
          return
        case 'Immediate':
          if (!book.seesImmediates) return
          break
        // undici makes one of these synchronously in the caller's frame, before the request may have to queue.
        case 'UNDICI_REQUEST':
        case 'UNDICI_STREAM':
        case 'UNDICI_PIPELINE':
        case 'UNDICI_CONNECT':
        case 'UNDICI_UPGRADE':
          asked(asyncId, resource, captureStack(init))
          return
        case 'UNDICI_POOL_QUEUED_REQUEST':
          queued(asyncId, resource)
          return
        case 'Timeout':
          // Node's own timers, such as a server's for each keep-alive connection, are born without a ref and hold nobody: 9 us a request saved.
          // undici drops the ref of its timers a line later, and makes one between any two requests of a connection: a second stack for each.
          if ((resource as { hasRef?: () => boolean }).hasRef?.() === false || book.eyes.isUndiciTimer(resource)) return
          break
        // The others that stay open until somebody closes them. TCPWRAP is not here: sockets have channels of their own.
        case 'TCPSERVERWRAP':
        case 'PIPESERVERWRAP':
        case 'PIPEWRAP':
        case 'UDPWRAP':
        case 'FSEVENTWRAP':
        case 'STATWATCHER':
        case 'WORKER':
        case 'MESSAGEPORT':
        case 'PROCESSWRAP':
        case 'SIGNALWRAP':
        case 'HTTP2SESSION':
          break
        default:
          return
      }
      const iteration = iterationNow(book)
      if (iteration !== -1) opened(asyncId, type, resource, captureStack(init), iteration)
    } catch (error) {
      noteError(book, 'async_hooks init', error)
    }
  }
  // It costs 3 us a request of undici: while there is a destroy hook, Node watches the collection of every AsyncResource. So it begins with the first
  // handle. Without it, a timer that has fired would be kept by its own stack, and with it whatever it closed over: that would change the subject.
  const ends = createHook({ destroy: (asyncId) => void book.handles.delete(asyncId), ...{ trackPromises: false } })
  // Spread, because the types of Node 22 do not know the option.
  const creations = createHook({ init, ...{ trackPromises: false } }).enable()
  return {
    endWork: () => void creations.disable(),
    stop() {
      creations.disable()
      ends.disable()
    },
  }
}

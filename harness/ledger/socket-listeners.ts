/**
 * Listeners that pile up on a connection that is used again and again: one more with each request, of one line. No channel tells of them, and the
 * method that adds them belongs to every emitter there is; so each connection is asked to tell, by the event it has for that ('newListener').
 */
import type { EventEmitter } from 'node:events'
import type { Frame, ListenerStack } from '../model/ledger-page.ts'
import { type Book, entryOf, SOCKET_SLOT, type SocketEntry } from './book.ts'
import { isOfWork } from './descent.ts'
import { type Capture, captureStack } from './stacks.ts'
import { guarded, subscribeAll } from './subscriptions.ts'

/** Listeners of one line for one event from which on they count as piling up: Node itself warns beyond 10 (events.defaultMaxListeners). */
const PILE_FROM = 11
/** The first few keep no stack: a client has up to three of its own for one event of a connection in use, and takes them away again. */
const STACKLESS = 5
/** Piles remembered; more of them teach nothing. */
const MAX_PILES = 64
/** Closed connections are let go of when so many are watched, and then each time as many again have come. */
const SWEEP_FROM = 256

type Watchable = EventEmitter & { readonly destroyed?: boolean }
type Listener = (...args: unknown[]) => void
/** What was added to one connection while the work ran, by event. */
type Added = Map<string, Map<unknown, Capture>>

export interface SocketListeners {
  stacks(): readonly ListenerStack[]
  stop(): void
}

export function watchSocketListeners(book: Book): SocketListeners {
  const watched = new Map<Watchable, Listener>()
  let sweepAt = SWEEP_FROM
  /** Held on to, also when the connection is closed by now: what piled up on it did so all the same. */
  const piles = new Map<EventEmitter, Added>()

  function watch(socket: Watchable | null | undefined): void {
    if (socket == null || watched.has(socket)) return
    const added: Added = new Map()
    const told = guarded(book, 'newListener', (event: unknown, listener: unknown) => {
      if (typeof event !== 'string' || socket.listenerCount(event) < STACKLESS || !isOfWork(book)) return
      const ofEvent = added.get(event) ?? new Map<unknown, Capture>()
      added.set(event, ofEvent)
      const attached = new Set(socket.listeners(event))
      // Those that were taken away again leave room, so that what comes and goes never grows.
      for (const each of ofEvent.keys()) if (!attached.has(each as Listener)) ofEvent.delete(each)
      ofEvent.set(listener, captureStack(told as never))
      if (ofEvent.size + STACKLESS >= PILE_FROM && piles.size < MAX_PILES) piles.set(socket, added)
    }) as Listener
    // No 'close' of each is waited for: ten ledgers at once would be ten listeners more, from which on Node warns.
    if (watched.size >= sweepAt) {
      for (const each of [...watched.keys()]) if (each.destroyed) forget(each)
      sweepAt = Math.max(SWEEP_FROM, watched.size * 2)
    }
    watched.set(socket, told)
    socket.on('newListener', told)
  }
  function forget(socket: Watchable): void {
    const told = watched.get(socket)
    if (told !== undefined) socket.off('newListener', told)
    watched.delete(socket)
  }
  function opened({ socket }: { socket: Watchable }): void {
    watch(socket)
  }

  function answered({ response }: { response: { readonly socket: Watchable | null } }): void {
    watch(response.socket)
  }

  const unsubscribe = subscribeAll(book, {
    'net.client.socket': opened,
    'net.server.socket': opened,
    // Connections from before, and those of TLS, are met when they are used.
    'http.client.response.finish': answered,
    'undici:client:sendHeaders': opened,
    'http.server.request.start': opened,
  })
  return {
    stacks: () => largest([...piles].flatMap(([socket, added]) => stacksOn(socket, added, askedBy(book, socket)))),
    stop() {
      unsubscribe()
      for (const socket of [...watched.keys()]) forget(socket)
    },
  }
}

/** Whose request the connection was opened for. */
function askedBy(book: Book, socket: EventEmitter & { readonly [SOCKET_SLOT]?: SocketEntry }): Frame | null {
  return entryOf(book, socket[SOCKET_SLOT])?.firstRequest?.frame() ?? null
}

/** Code of Node's own, which all reads alike. */
const isNative = (text: string): boolean => text.includes('[native code]')

/**
 * @param asker the line to blame where a client adds the listeners, which it does in turns of its own: of those no stack has the user's frame, and they
 * are told apart by how they read.
 */
function stacksOn(socket: EventEmitter, added: Added, asker: Frame | null): readonly ListenerStack[] {
  return [...added].flatMap(([event, captures]) => {
    const attached = socket.listeners(event)
    const byLine = new Map<string, { readonly frame: Frame; readonly text: string; count: number }>()
    for (const listener of attached) {
      const own = captures.get(listener)?.frame() ?? null
      const frame = own ?? asker
      const text = String(listener)
      if (frame === null || !captures.has(listener) || (own === null && isNative(text))) continue
      const key = own === null ? text : `${frame.file}:${frame.line}`
      const line = byLine.get(key) ?? { frame, text, count: 0 }
      line.count += 1
      byLine.set(key, line)
    }
    // The first few have no stack; they are of a line whose listeners read the same.
    const stackless = attached.filter((listener) => !captures.has(listener)).map(String)
    return [...byLine.values()]
      .map(({ frame, text, count }) => ({
        event,
        target: 'Socket',
        count: count + stackless.filter((other) => other === text).length,
        openedAt: frame,
      }))
      .filter(({ count }) => count >= PILE_FROM)
  })
}

/** One for each line and event: a pool has many connections, and the line is the same. */
function largest(stacks: readonly ListenerStack[]): readonly ListenerStack[] {
  const byLine = new Map<string, ListenerStack>()
  for (const stack of stacks) {
    const key = `${stack.event} ${stack.openedAt?.file}:${stack.openedAt?.line}`
    if ((byLine.get(key)?.count ?? 0) < stack.count) byLine.set(key, stack)
  }
  return [...byLine.values()]
}

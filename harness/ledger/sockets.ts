/** Sockets of the subject by Node's own objects: opened where, carrying what, idle or not. */
import { readlinkSync } from 'node:fs'
import { type Book, captureFor, keep, type RequestEntry, SOCKET_SLOT, type SocketEntry, type SocketLike } from './book.ts'
import type { Capture } from './stacks.ts'

type Slotted = SocketLike & { [SOCKET_SLOT]?: SocketEntry }

/** The entry of a socket, made now when no channel announced it (opened before the ledger started). */
export function socketEntryOf(book: Book, socket: object, role: 'outbound' | 'inbound', capture: Capture | null): SocketEntry {
  const slotted = socket as Slotted
  const known = slotted[SOCKET_SLOT]
  if (known !== undefined) return known
  const entry: SocketEntry = {
    id: book.nextId++,
    socket: slotted,
    role,
    openedAtMs: performance.now(),
    iteration: book.iteration,
    capture,
    firstRequest: null,
    firstOrigin: null,
    requestsServed: 0,
    serverHintMs: null,
    pool: null,
  }
  slotted[SOCKET_SLOT] = entry
  if (book.sockets.size >= book.socketSweepAt) sweepDestroyed(book)
  keep(book, book.sockets, entry)
  return entry
}

/** Drops destroyed sockets; amortised: the next sweep comes when the set has doubled. */
export function sweepDestroyed(book: Book): void {
  for (const entry of book.sockets) if (entry.socket.destroyed) book.sockets.delete(entry)
  book.socketSweepAt = Math.max(256, book.sockets.size * 2)
}

/** Notes that a response came over the request's connection, with the server's Keep-Alive header. */
export function noteRequestOn(entry: RequestEntry, keepAliveHeader: string | null): void {
  const { socket } = entry
  if (socket === null) return
  socket.requestsServed += 1
  if (socket.firstRequest === null) {
    socket.firstRequest = entry.capture
    socket.firstOrigin = entry.origin
  }
  const seconds = keepAliveHeader === null ? null : /timeout=(\d+)/.exec(keepAliveHeader)?.[1]
  socket.serverHintMs = seconds ? Number(seconds) * 1_000 : null
}

export function socketRecorders(book: Book): Readonly<Record<string, (message: never) => void>> {
  function outbound({ socket }: { socket: object }): void {
    if (book.iteration >= 0) book.connectionsOpened += 1
    socketEntryOf(book, socket, 'outbound', captureFor(book, outbound))
  }
  function inbound({ socket }: { socket: object }): void {
    socketEntryOf(book, socket, 'inbound', null)
  }
  return { 'net.client.socket': outbound, 'net.server.socket': inbound }
}

/** Kernel inode behind a socket, null where there is no /proc or no descriptor. */
export function inodeOf(socket: SocketLike): string | null {
  const fd = socket._handle?.fd
  if (typeof fd !== 'number' || fd < 0) return null
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? null
  } catch {
    return null
  }
}

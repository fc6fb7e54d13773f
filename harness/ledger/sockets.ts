/** Sockets of the subject by Node's own objects: opened where, carrying what, idle or not. */
import { readlinkSync } from 'node:fs'
import {
  type Book,
  CAPTURE_SLOT,
  captureFor,
  entriesAtWork,
  entryOf,
  keep,
  type RequestEntry,
  SOCKET_SLOT,
  type SocketEntry,
  type SocketLike,
} from './book.ts'
import { isOfWork, iterationNow } from './descent.ts'
import { rememberPort } from './ports.ts'
import { numberAfter } from './raw-headers.ts'
import type { Capture } from './stacks.ts'

type Slotted = SocketLike & { [SOCKET_SLOT]?: SocketEntry }

/** A socket that is opened now. */
function openedNow(book: Book, socket: object, role: 'outbound' | 'inbound', capture: Capture | null): void {
  enter(book, socket as Slotted, { role, capture, iteration: iterationNow(book) })
}

/** The entry of a socket somebody uses; one that no channel announced was opened before the ledger started. */
export function olderSocket(book: Book, socket: object, capture: Capture | null): SocketEntry {
  const known = (socket as Slotted)[SOCKET_SLOT]
  const own = entryOf(book, known)
  if (own !== undefined) return own
  // What another ledger of this process knew of it is still true.
  return enter(book, socket as Slotted, { role: 'outbound', capture: known?.capture ?? capture, iteration: -1 }, known)
}

function enter(
  book: Book,
  socket: Slotted,
  opened: Pick<SocketEntry, 'role' | 'capture' | 'iteration'>,
  earlier: SocketEntry | undefined = undefined,
): SocketEntry {
  const entry: SocketEntry = {
    ...opened,
    book,
    other: entriesAtWork(socket[SOCKET_SLOT]),
    id: book.nextId++,
    socket,
    openedAtMs: earlier?.openedAtMs ?? performance.now(),
    firstRequest: earlier?.firstRequest ?? null,
    firstOrigin: earlier?.firstOrigin ?? null,
    requestsServed: earlier?.requestsServed ?? 0,
    serverHintMs: earlier?.serverHintMs ?? null,
    idleSinceMs: earlier?.idleSinceMs ?? null,
    pool: null,
    isUndiciHttp2: null,
    hadDescriptor: earlier?.hadDescriptor ?? false,
  }
  socket[SOCKET_SLOT] = entry
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
export function noteRequestOn(entry: RequestEntry, keepAliveHeader: Uint8Array | string | null): void {
  const { socket } = entry
  if (socket === null) return
  socket.requestsServed += 1
  if (socket.firstRequest === null) {
    socket.firstRequest = entry.capture
    socket.firstOrigin = entry.origin
    socket.hadDescriptor = hasDescriptor(socket.socket)
    rememberPort(entry.book.dialled, socket.socket.localPort)
  }
  const seconds = numberAfter(keepAliveHeader, 'timeout=')
  socket.serverHintMs = seconds === null ? null : seconds * 1_000
}

/** The two ends of a connection, as either side sees them. */
interface Ends {
  readonly localPort?: number | undefined
  readonly remotePort?: number | undefined
}

/** Is this accepted connection one that this very process opened? */
export function isFromInside(book: Book, { localPort, remotePort }: Ends): boolean {
  for (const { role, socket } of book.sockets)
    if (role === 'outbound' && socket.localPort === remotePort && socket.remotePort === localPort) return true
  return false
}

/** Notes that an answer of ours went out over a connection that was accepted. */
export function noteAnsweredOn(socket: object): void {
  const entry = (socket as Slotted)[SOCKET_SLOT]
  if (entry !== undefined) entry.requestsServed += 1
}

export function socketRecorders(book: Book): Readonly<Record<string, (message: never) => void>> {
  function outbound({ socket }: { socket: object }): void {
    if (isOfWork(book)) book.connectionsOpened += 1
    openedNow(book, socket, 'outbound', captureFor(book, outbound))
  }
  /** A connection that was accepted is opened by whoever listens. */
  function inbound({ socket }: { socket: SocketLike }): void {
    book.served.accepted += 1
    openedNow(book, socket, 'inbound', (socket.server as { [CAPTURE_SLOT]?: Capture } | null | undefined)?.[CAPTURE_SLOT] ?? null)
  }
  return { 'net.client.socket': outbound, 'net.server.socket': inbound }
}

/** What libuv knows of it; TLS wraps it. */
export const bareHandle = ({ _handle: handle }: SocketLike): object | null => handle?._parent ?? handle ?? null

/** Of a Unix socket or a named pipe, whose handle is of Node's class `Pipe`. */
export const isPipe = (socket: SocketLike): boolean => bareHandle(socket)?.constructor.name === 'Pipe'

/** A closed descriptor is gone or negative; where the system has none (Windows) it never was another. */
export function hasDescriptor({ _handle: handle }: SocketLike): boolean {
  const fd = handle?.fd
  return typeof fd === 'number' && fd >= 0
}

/** A handle has one socket of the kernel's for all its life, and every page asks for it. */
const inodes = new WeakMap<object, string>()

/** Kernel inode behind a socket, null where there is no /proc or no descriptor. */
export function inodeOf({ _handle: handle }: SocketLike): string | null {
  const fd = handle?.fd
  if (handle == null || typeof fd !== 'number' || fd < 0) return null
  const inode = inodes.get(handle) ?? readInode(fd)
  if (inode !== null) inodes.set(handle, inode)
  return inode
}

function readInode(fd: number): string | null {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? null
  } catch {
    return null
  }
}

/** What was seen of each connection over several looks: the memory that judgement from outside rests on. Pure. */
import type { Goroutines, MemberLook, OutsideLook, OwnerlessSighting } from '../../model/outside.ts'
import type { Endpoint, SocketSighting } from '../../model/sighting.ts'
import { wayOf } from '../residue.ts'

export interface WatchedConnection {
  readonly member: string
  readonly network: string
  /** As of the last look that saw it. */
  readonly socket: SocketSighting
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  /** Since when neither its state, nor its queues, nor its counters have changed. */
  readonly unchangedSinceMs: number
  /** Looks that saw it like this. */
  readonly looks: number
  /** When its last byte went, by the kernel's counters; without them the last change anybody saw. */
  readonly quietSinceMs: number
  /** It was there at the first look. */
  readonly isOlder: boolean
}

/** A connection that was there and is no more. */
export interface GoneConnection {
  readonly connection: WatchedConnection
  /** The look that missed it first. */
  readonly goneAtMs: number
}

/** Connections of a member, least and most over the looks: a baseline is a range, not a point. */
export interface Range {
  readonly least: number
  readonly most: number
}

export interface MemberBook {
  readonly first: MemberLook
  readonly last: MemberLook
  /** The look with the most connections. */
  readonly peak: MemberLook
  readonly sockets: Range
  readonly goroutines: Range | null
  readonly lastGoroutines: Goroutines | null
  /** Since when it has used next to no CPU time. */
  readonly restingSinceMs: number
  /** Its look shortly before it ended is `last`; this is when it was found to have. */
  readonly endedAtMs: number | null
}

export interface OutsideBook {
  readonly looks: number
  readonly startedMs: number
  readonly atMs: number
  readonly members: ReadonlyMap<string, MemberBook>
  readonly connections: ReadonlyMap<string, WatchedConnection>
  readonly gone: readonly GoneConnection[]
  readonly ownerless: readonly OwnerlessSighting[]
  /** Connections in TIME_WAIT, by their two ends, ever seen: each is one that was closed. */
  readonly closed: ReadonlySet<string>
  /** Connections that wait in an accept queue, by their two ends: since when. */
  readonly backlog: ReadonlyMap<string, number>
  /** The last look at which an outbound connection came that was not there before. */
  readonly lastOpenedMs: number
}

export const EMPTY_BOOK: OutsideBook = {
  looks: 0,
  startedMs: 0,
  atMs: 0,
  members: new Map(),
  connections: new Map(),
  gone: [],
  ownerless: [],
  closed: new Set(),
  backlog: new Map(),
  lastOpenedMs: 0,
}

/** What is remembered of those gone: enough for a measured idle timeout, bounded for a watch that lasts a day. */
const MOST_GONE = 5_000
const MOST_CLOSED = 50_000

/** Sockets that are connections at all: a listener is none, and a CLOSE one never became one. */
export const isConnection = ({ state }: SocketSighting): boolean => state !== 'LISTEN' && state !== 'CLOSE' && state !== 'TIME_WAIT'

export function enter(book: OutsideBook, look: OutsideLook): OutsideBook {
  const { atMs } = look
  const isFirst = book.looks === 0
  const connections = new Map<string, WatchedConnection>()
  let lastOpenedMs = isFirst ? atMs : book.lastOpenedMs
  for (const member of look.members) {
    for (const socket of (member.sockets ?? []).filter(isConnection)) {
      const key = `${member.network} ${socket.inode}`
      const before = book.connections.get(key)
      if (before === undefined && socket.role === 'outbound') lastOpenedMs = atMs
      // Watched under two names: the first one has it.
      if (!connections.has(key)) connections.set(key, seenAgain(before, member, socket, atMs, isFirst))
    }
  }
  const unseen = new Set(look.members.filter((member) => member.sockets === null).map((member) => member.name))
  const ended = new Set(look.members.filter((member) => member.hasEnded).map((member) => member.name))
  const gone: GoneConnection[] = []
  for (const [key, connection] of book.connections) {
    if (connections.has(key)) continue
    // What is out of sight for a look, or went down with its process, has not been closed by it.
    if (unseen.has(connection.member) || ended.has(connection.member)) connections.set(key, connection)
    else gone.push({ connection, goneAtMs: atMs })
  }
  const waiting = look.ownerless.filter(isInBacklog(look.members))
  return {
    looks: book.looks + 1,
    startedMs: isFirst ? atMs : book.startedMs,
    atMs,
    members: new Map(look.members.map((member) => [member.name, remember(book.members.get(member.name), member, atMs, book.atMs)])),
    connections,
    gone: [...book.gone, ...gone].slice(-MOST_GONE),
    ownerless: look.ownerless,
    closed: withClosed(book.closed, look),
    backlog: new Map(waiting.map((row) => [ownerlessKey(row), book.backlog.get(ownerlessKey(row)) ?? atMs])),
    lastOpenedMs,
  }
}

function seenAgain(
  before: WatchedConnection | undefined,
  member: MemberLook,
  socket: SocketSighting,
  atMs: number,
  isFirst: boolean,
): WatchedConnection {
  const isSame = before !== undefined && signatureOf(before.socket) === signatureOf(socket)
  const unchangedSinceMs = isSame ? before.unchangedSinceMs : atMs
  return {
    member: member.name,
    network: member.network,
    socket,
    firstSeenMs: before?.firstSeenMs ?? atMs,
    lastSeenMs: atMs,
    unchangedSinceMs,
    looks: isSame ? before.looks + 1 : 1,
    quietSinceMs: socket.traffic === undefined ? unchangedSinceMs : atMs - Math.min(socket.traffic.receivedAgoMs, socket.traffic.sentAgoMs),
    isOlder: before?.isOlder ?? isFirst,
  }
}

const signatureOf = ({ state, receiveQueueBytes, sendQueueBytes, traffic }: SocketSighting): string =>
  [state, receiveQueueBytes, sendQueueBytes, traffic?.receivedBytes, traffic?.sentBytes].join(' ')

function remember(before: MemberBook | undefined, look: MemberLook, atMs: number, lastAtMs: number): MemberBook {
  const count = (look.sockets ?? []).filter(isConnection).length
  if (before === undefined) {
    const range = { least: count, most: count }
    const goroutines = look.goroutines === null ? null : { least: look.goroutines.total, most: look.goroutines.total }
    const endedAtMs = look.hasEnded ? atMs : null
    return {
      first: look,
      last: look,
      peak: look,
      sockets: range,
      goroutines,
      lastGoroutines: look.goroutines,
      restingSinceMs: atMs,
      endedAtMs,
    }
  }
  if (look.hasEnded) return { ...before, endedAtMs: before.endedAtMs ?? atMs }
  if (look.sockets === null) return { ...before, last: look }
  return {
    ...before,
    last: look,
    peak: count > before.sockets.most ? look : before.peak,
    sockets: widened(before.sockets, count),
    goroutines: look.goroutines === null ? before.goroutines : widened(before.goroutines, look.goroutines.total),
    lastGoroutines: look.goroutines ?? before.lastGoroutines,
    restingSinceMs: isAtWork(before.last, look, atMs - lastAtMs) ? atMs : before.restingSinceMs,
  }
}

/** A fifth of a core: a runtime that only keeps its house uses less, also on a busy machine. */
const AT_WORK = 0.2

/** Unknown counts as at work. */
const isAtWork = (before: MemberLook, now: MemberLook, overMs: number): boolean =>
  before.cpuMs === null || now.cpuMs === null || now.cpuMs - before.cpuMs > AT_WORK * overMs

const widened = (range: Range | null, count: number): Range => ({
  least: Math.min(range?.least ?? count, count),
  most: Math.max(range?.most ?? count, count),
})

/** By its two ends. */
export const ownerlessKey = ({ network, local, remote }: OwnerlessSighting): string => `${network} ${wayOf(local, remote)}`

function withClosed(closed: ReadonlySet<string>, look: OutsideLook): ReadonlySet<string> {
  const fresh = look.ownerless.filter((row) => row.state === 'TIME_WAIT' && !closed.has(ownerlessKey(row)))
  return fresh.length === 0 || closed.size >= MOST_CLOSED ? closed : new Set([...closed, ...fresh.map(ownerlessKey)])
}

/** Established and nobody's: it waits for accept(). An orphan of a process that has closed is not established any more. */
export function isInBacklog(members: readonly MemberLook[]): (row: OwnerlessSighting) => boolean {
  const listeners = members.flatMap(({ network, sockets }) =>
    (sockets ?? []).filter(({ state }) => state === 'LISTEN').map(({ local }) => `${network} ${local.port}`),
  )
  const ports = new Set(listeners)
  return ({ state, network, local }) => (state === 'ESTABLISHED' || state === 'CLOSE_WAIT') && ports.has(`${network} ${local.port}`)
}

/** `tcp://127.0.0.1:9000`: for an outbound connection where it leads, for an inbound one where it came in. */
export function originOf({ role, local, remote }: SocketSighting): string {
  const { address, port }: Endpoint = role === 'inbound' ? local : remote
  return `tcp://${address.includes(':') ? `[${address}]` : address}:${port}`
}

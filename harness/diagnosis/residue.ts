/** What is there now and was not there before, by identity. */
import type { Census } from '../model/census.ts'
import type {
  BlockedClose,
  LedgerPage,
  LedgerSocket,
  ListenerStack,
  OpenHandle,
  OpenRequest,
  OpenResponse,
  RescuedBody,
} from '../model/ledger-page.ts'
import type { ResolvedOptions } from '../model/options.ts'
import type { Endpoint, FileSighting, SocketSighting } from '../model/sighting.ts'
import { lineKey } from './compose.ts'

/** A socket of the residue with all that is known of it. Either side may be missing: no kernel probe, or no ledger. */
export interface ResidualSocket {
  readonly kernel: SocketSighting | null
  readonly ledger: LedgerSocket | null
}

export interface Residue {
  readonly requests: readonly OpenRequest[]
  /** Destroyed in the queue of an http.Agent: they hold nothing, and who waits for them may not know. */
  readonly givenUp: readonly OpenRequest[]
  /** Begun by handlers of the subject's own servers, not ended. */
  readonly responses: readonly OpenResponse[]
  readonly sockets: readonly ResidualSocket[]
  /** Under 'trust', idle ones of a pool from before that has no idle timeout: no leak of the work, and worth a word. */
  readonly endless: readonly ResidualSocket[]
  /** Connections that their pool counts and that are gone. */
  readonly hollow: readonly LedgerSocket[]
  readonly handles: readonly OpenHandle[]
  /** Files that only the kernel knows of: native code opened them, or a reference that is older than the work. */
  readonly files: readonly FileSighting[]
  /** Bodies that nobody but the garbage collector let go of: over, and yet no merit of the work. */
  readonly rescued: readonly RescuedBody[]
  readonly blockedCloses: readonly BlockedClose[]
  readonly listenerStacks: readonly ListenerStack[]
}

/** TIME_WAIT is not a leak; a CLOSE socket holds nothing on the network; a listener is a handle. */
const NOT_COUNTED: ReadonlySet<string> = new Set(['TIME_WAIT', 'CLOSE', 'LISTEN'])

const remoteOf = (socket: SocketSighting): string => `${socket.remote.address}:${socket.remote.port}`

/** Open connections of a census, those that could be leaked. */
export function connectionsOf(census: Census): readonly SocketSighting[] {
  return (census.sockets ?? []).filter((socket) => !NOT_COUNTED.has(socket.state))
}

/**
 * Recount minus baseline. A new idle connection that replaces one the baseline had to the same remote is not residue: a baseline is a
 * range, not a point.
 */
export function residueOf(baseline: Census, recount: Census, page: LedgerPage | null, options: ResolvedOptions): Residue {
  const asked = (page?.requests ?? []).filter((request) => request.iteration >= 0)
  const isGivenUp = ({ client, givenUpMs }: OpenRequest): boolean => client === 'node:http' && givenUpMs !== null
  const requests = asked.filter((request) => !isGivenUp(request))
  const handles = holding((page?.handles ?? []).filter((handle) => handle.iteration >= 0))
  const fresh = recount.sockets === null ? ledgerOnly(page) : freshSockets(baseline, recount, page)
  const isOfOlder = (socket: ResidualSocket): boolean => isTrusting(socket, options) && isInOlderPool(socket, page)
  const sockets = fresh.filter((socket) => !isOfOlder(socket) && !(isTrusting(socket, options) && hasIdleEnd(socket)))
  return {
    requests,
    givenUp: asked.filter(isGivenUp),
    responses: (page?.responses ?? []).filter((response) => response.iteration >= 0),
    sockets,
    endless: fresh.filter((socket) => isOfOlder(socket) && !hasIdleEnd(socket)),
    hollow: (page?.sockets ?? []).filter((socket) => socket.isHollow && socket.iteration >= 0),
    handles,
    files: strangeFiles(baseline, recount, page),
    rescued: page?.rescued ?? [],
    blockedCloses: page?.blockedCloses ?? [],
    listenerStacks: page?.listenerStacks ?? [],
  }
}

/** What was unref'd holds nobody, but for a child or a worker whose pipes were not: they are told as one. */
function holding(handles: readonly OpenHandle[]): readonly OpenHandle[] {
  const ends = handles.filter(({ type, isReferenced }) => isReferenced !== false && (type === 'PIPEWRAP' || type === 'MESSAGEPORT'))
  const lines = new Set(ends.map(({ openedAt }) => lineKey(openedAt)))
  const isHeld = ({ type, openedAt }: OpenHandle): boolean => (type === 'PROCESSWRAP' || type === 'WORKER') && lines.has(lineKey(openedAt))
  return handles.filter((handle) => handle.isReferenced !== false || isHeld(handle))
}

/** One direction of a connection. */
export const wayOf = (from: Endpoint, to: Endpoint): string => `${from.address}:${from.port}>${to.address}:${to.port}`

/** The ledger saw who connected; the kernel has only the listener of the moment to go by, which may have closed. */
export const roleOf = ({ kernel, ledger }: ResidualSocket): 'outbound' | 'inbound' =>
  (ledger?.role ?? kernel?.role) === 'inbound' ? 'inbound' : 'outbound'

/** The peer has ended its side, and we have not. */
export const isPeerClosed = ({ kernel }: ResidualSocket): boolean => kernel?.state === 'CLOSE_WAIT'

function freshSockets(baseline: Census, recount: Census, page: LedgerPage | null): readonly ResidualSocket[] {
  const before = new Set((baseline.sockets ?? []).map((socket) => socket.inode))
  const now = new Set((recount.sockets ?? []).map((socket) => socket.inode))
  const replaceable = new Map<string, number>()
  for (const socket of connectionsOf(baseline)) {
    if (!now.has(socket.inode)) replaceable.set(remoteOf(socket), (replaceable.get(remoteOf(socket)) ?? 0) + 1)
  }
  const byInode = new Map((page?.sockets ?? []).map((socket) => [socket.inode, socket]))
  const byPort = new Map((page?.sockets ?? []).map((socket) => [`${socket.localPort}>${socket.remotePort}`, socket]))
  const open = connectionsOf(recount).map((kernel) => {
    const ledger = byInode.get(kernel.inode) ?? byPort.get(`${kernel.local.port}>${kernel.remote.port}`) ?? null
    return { kernel, ledger }
  })
  const halfClosed = new Set(open.filter(isPeerClosed).map(({ kernel }) => wayOf(kernel.local, kernel.remote)))
  const ours = new Set(open.filter((socket) => roleOf(socket) === 'outbound').map(({ kernel }) => wayOf(kernel.local, kernel.remote)))
  const fresh: ResidualSocket[] = []
  for (const { kernel, ledger } of open) {
    if (before.has(kernel.inode)) continue
    // The other end of a connection that this same process holds: judged, and counted, at the end that opened it, or that was not closed after the other.
    const isJudgedThere = roleOf({ kernel, ledger }) === 'inbound' && ours.has(wayOf(kernel.remote, kernel.local))
    if (halfClosed.has(wayOf(kernel.remote, kernel.local)) || (isJudgedThere && !isPeerClosed({ kernel, ledger }))) continue
    const replaced = replaceable.get(remoteOf(kernel)) ?? 0
    if (ledger?.isIdle === true && replaced > 0) replaceable.set(remoteOf(kernel), replaced - 1)
    else fresh.push({ kernel, ledger })
  }
  return [...fresh, ...pipes(page)]
}

/**
 * Unix sockets, which the kernel's lists of connections do not have. They have no address either: where this process holds both ends of some, as many
 * accepted ones as it opened itself are judged at the end that opened them.
 */
function pipes(page: LedgerPage | null): readonly ResidualSocket[] {
  const all = (page?.sockets ?? []).filter(({ isPipe }) => isPipe)
  const opened = all.filter(({ role }) => role === 'outbound')
  const accepted = all.filter(({ role }) => role === 'inbound').slice(opened.length)
  return [...opened, ...accepted].filter(({ iteration }) => iteration >= 0).map((ledger) => ({ kernel: null, ledger }))
}

/** Open now, not at the baseline, and in nobody's book. */
function strangeFiles(baseline: Census, recount: Census, page: LedgerPage | null): readonly FileSighting[] {
  if (baseline.files === null || recount.files === null) return []
  const keyOf = ({ descriptor, path }: FileSighting): string => `${descriptor} ${path}`
  const known = new Set([
    ...baseline.files.map(keyOf),
    ...(page?.handles ?? []).flatMap(({ descriptor, detail }) => (descriptor === null ? [] : keyOf({ descriptor, path: detail ?? '' }))),
  ])
  return recount.files.filter((file) => !known.has(keyOf(file)))
}

/** Without a kernel probe the ledger's own sockets stand in. */
function ledgerOnly(page: LedgerPage | null): readonly ResidualSocket[] {
  return (page?.sockets ?? []).filter((socket) => socket.iteration >= 0).map((ledger) => ({ kernel: null, ledger }))
}

/** Under 'trust' an idle pooled connection whose idle timeout is finite will close by itself, and a pool from before may grow as it likes. */
const isTrusting = ({ ledger }: ResidualSocket, { idleConnections }: ResolvedOptions): boolean =>
  idleConnections === 'trust' && ledger?.isIdle === true

const isInOlderPool = ({ ledger }: ResidualSocket, page: LedgerPage | null): boolean =>
  page?.pools.some((pool) => pool.id === ledger?.poolId && pool.isOlderThanBaseline) === true

const hasIdleEnd = ({ ledger }: ResidualSocket): boolean => ledger !== null && effectiveIdleMs(ledger) !== Number.POSITIVE_INFINITY

/** The idle timeout in force on a connection: the client's own, or the server's as far as it told us. Unknown counts as none. */
export function effectiveIdleMs(socket: LedgerSocket): number {
  return Math.min(socket.idleTimeoutMs ?? Number.POSITIVE_INFINITY, socket.serverHintMs ?? Number.POSITIVE_INFINITY)
}

/** Nothing left but what the budget lets stay. */
export function isBack(residue: Residue, options: ResolvedOptions): boolean {
  return (
    residue.requests.length <= options.budget.requests &&
    residue.responses.length === 0 &&
    residue.hollow.length === 0 &&
    residue.sockets.length <= options.budget.sockets &&
    residue.handles.length + residue.files.length <= options.budget.handles &&
    residue.rescued.length === 0 &&
    residue.blockedCloses.length === 0 &&
    residue.listenerStacks.length === 0
  )
}

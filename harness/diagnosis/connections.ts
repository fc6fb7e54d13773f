/** Findings about connections that no open request explains. */
import type { Evidence, Finding } from '../model/finding.ts'
import type { LedgerPage, LedgerSocket } from '../model/ledger-page.ts'
import { composeFinding, groupBy, lineKey, placeOf, plural } from './compose.ts'
import type { Material } from './material.ts'
import { peerEvidence } from './request-evidence.ts'
import { isPeerClosed, type ResidualSocket, type Residue, roleOf } from './residue.ts'

/** Three or more pools to one origin made at one line within the work: a client per call (product.md). */
const POOLS_PER_SITE = 3

type IdleSocket = ResidualSocket & { readonly ledger: LedgerSocket }

export function connectionFindings(material: Material, residue: Residue, claimed: ReadonlySet<ResidualSocket>): readonly Finding[] {
  // Nobody can close anything while the event loop takes no turn, and nobody says whose a connection is: the line that keeps it is the cause of all.
  if (material.hung?.because === 'event loop blocked') return []
  // What a server accepted that was itself left listening, or waits for in its close, is a symptom of that; and so is a session's connection.
  const left = new Set([...residue.handles, ...residue.blockedCloses].flatMap(({ port }) => port ?? []))
  const sessions = new Set(residue.handles.flatMap(({ type, port }) => (type === 'HTTP2SESSION' ? (port ?? []) : [])))
  // The kernel counts for the whole process, the ledger for its thread: what a worker that is left has opened ends with it.
  const hasWorker = residue.handles.some(({ type }) => type === 'WORKER')
  const hasPipeServer = residue.handles.some(({ type }) => type === 'PIPESERVERWRAP')
  const isSymptom = (socket: ResidualSocket): boolean => {
    // A peer that has gone is the cause, also of a close that waits for our end.
    if (socket.ledger === null && hasWorker) return true
    if (isPeerClosed(socket)) return false
    if (socket.ledger?.isPipe === true) return roleOf(socket) === 'inbound' && hasPipeServer
    const port = socket.kernel?.local.port ?? socket.ledger?.localPort ?? -1
    return roleOf(socket) === 'inbound' ? left.has(port) : sessions.has(port)
  }
  // Work that hangs has not ended: no idle deadline has begun, and what it accepted may still be answered. What it opened itself may be what it waits for.
  const isPremature = (socket: ResidualSocket): boolean =>
    material.hung !== null && !isPeerClosed(socket) && (socket.ledger?.isIdle === true || roleOf(socket) === 'inbound')
  const causes = residue.sockets.filter((socket) => !claimed.has(socket) && !isSymptom(socket) && !isPremature(socket))

  const peerClosed = causes.filter(isPeerClosed)
  const idle = causes.filter((socket): socket is IdleSocket => !isPeerClosed(socket) && socket.ledger?.isIdle === true)
  const rest = causes.filter((socket) => !isPeerClosed(socket) && socket.ledger?.isIdle !== true)

  const endless = residue.endless.filter((socket): socket is IdleSocket => socket.ledger !== null)
  const idleGroups = groupBy(idle, (socket) => `${lineKey(socket.ledger.openedAt)} ${originOf(socket)}`)
  return [
    ...groupBy(peerClosed, groupKey).map((group) => closedByPeer(group, material)),
    ...idleGroups.map((group) =>
      poolsOf(group).size >= POOLS_PER_SITE ? clientPerCall(group, material) : idlePastDeadline(group, material),
    ),
    ...groupBy(rest, groupKey).map((group) => leftOpen(group, material)),
    ...groupBy(endless, groupKey).map((group) => idlePastDeadline(group as IdleGroup, material, 'note')),
  ]
}

const groupKey = (socket: ResidualSocket): string => `${lineKey(socket.ledger?.openedAt ?? null)} ${originOf(socket)} ${roleOf(socket)}`

const poolsOf = (group: readonly IdleSocket[]): ReadonlySet<number> => new Set(group.flatMap(({ ledger }) => ledger.poolId ?? []))

function originOf(socket: ResidualSocket): string | null {
  const { kernel, ledger } = socket
  if (ledger?.origin) return ledger.origin
  if (kernel === null) return null
  const end = roleOf(socket) === 'inbound' ? kernel.local : kernel.remote
  return `tcp://${end.address.includes(':') ? `[${end.address}]` : end.address}:${end.port}`
}

function stateEvidence(group: readonly ResidualSocket[]): readonly Evidence[] {
  return groupBy(
    group.flatMap(({ kernel }) => kernel ?? []),
    (socket) => socket.state,
  ).map(([socket, ...more]) => ({ ledger: 'kernel' as const, says: socket.state, value: more.length + 1 }))
}

type Group = readonly [ResidualSocket, ...ResidualSocket[]]
type IdleGroup = readonly [IdleSocket, ...IdleSocket[]]

function facts(group: Group, material: Material): Pick<Finding, 'count' | 'origin' | 'request' | 'openedAt'> {
  const [first] = group
  return { count: group.length, origin: originOf(first), request: null, openedAt: placeOf(first.ledger?.openedAt ?? null, material.cwd) }
}

function closedByPeer(group: Group, material: Material): Finding {
  return composeFinding({
    code: 'PEER_CLOSED',
    ...facts(group, material),
    summary: `the peer closed ${plural(group.length, 'connection')}, we did not`,
    evidence: stateEvidence(group),
    advice: "end our side when the peer ends its own: socket.end() on 'end', or leave allowHalfOpen off",
  })
}

function leftOpen(group: Group, material: Material): Finding {
  const isInbound = roleOf(group[0]) === 'inbound'
  const unread = group.reduce((sum, { kernel }) => sum + (kernel?.receiveQueueBytes ?? 0), 0)
  return composeFinding({
    code: 'SOCKET_LEFT_OPEN',
    ...facts(group, material),
    summary: isInbound
      ? `${plural(group.length, 'accepted connection is', 'accepted connections are')} still open`
      : `${plural(group.length, 'connection')} outside any HTTP pool ${group.length === 1 ? 'is' : 'are'} still open`,
    evidence: [
      ...stateEvidence(group),
      ...(unread > 0 ? [{ ledger: 'kernel' as const, says: 'bytes waiting in receive queues', value: unread }] : []),
      {
        ledger: 'pools',
        says: group[0].ledger?.owner ? `owned by ${group[0].ledger.owner}, without a request` : 'no pool owns it',
        value: null,
      },
    ],
    advice: isInbound
      ? 'close the server and its connections: server.close() and server.closeAllConnections()'
      : 'close it when the work is done: socket.end() or socket.destroy(), also on the error path',
  })
}

function clientPerCall(group: IdleGroup, material: Material): Finding {
  const pools = poolsOf(group).size
  return composeFinding({
    code: 'CLIENT_PER_CALL',
    ...facts(group, material),
    summary: `${pools} clients were made at one line and never closed; each keeps its own idle connection`,
    evidence: [
      { ledger: 'pools', says: 'pools to one origin from one line', value: pools },
      ...stateEvidence(group),
      ...peerEvidence(material),
    ],
    advice:
      'make the client once and share it; where one per call is meant, close it (client.destroy(), await dispatcher.close(), agent.destroy())',
  })
}

function idlePastDeadline(group: IdleGroup, material: Material, severity?: 'note'): Finding {
  const [first] = group
  const pool = poolOf(material.page, first.ledger)
  const [serverMs = null] = material.peers.flatMap((peer) => peer.idleTimeoutMs ?? [])
  const { reason, advice } = idleReason(first.ledger, {
    configuredMs: pool?.idleTimeoutMs ?? null,
    deadlineMs: material.deadlineMs,
    serverMs,
  })
  return composeFinding({
    code: 'IDLE_PAST_DEADLINE',
    ...(severity === undefined ? {} : { severity }),
    ...facts(group, material),
    summary:
      severity === 'note'
        ? `${plural(group.length, 'idle connection stays', 'idle connections stay')} in a pool that is older than the work: ${reason}`
        : `${plural(group.length, 'idle connection outlives', 'idle connections outlive')} the idle timeout of ${material.deadlineMs} ms: ${reason}`,
    evidence: [
      { ledger: 'pools', says: `idle; ${reason}`, value: group.length },
      ...(first.ledger.serverHintMs === null
        ? []
        : [{ ledger: 'pools' as const, says: "server's Keep-Alive hint, ms", value: first.ledger.serverHintMs }]),
      ...stateEvidence(group),
      ...peerEvidence(material),
      ...(serverMs === null ? [] : [{ ledger: 'peer' as const, says: 'the server closes an idle connection after, ms', value: serverMs }]),
    ],
    advice,
  })
}

const poolOf = (page: LedgerPage | null, socket: LedgerSocket) => page?.pools.find((pool) => pool.id === socket.poolId) ?? null

interface IdleTimes {
  /** As the client was told; null: unknown. */
  readonly configuredMs: number | null
  readonly deadlineMs: number
  /** When the server closes by itself; null: unknown, or never. */
  readonly serverMs: number | null
}

/** Why an idle connection is still there: none set, the server's hint overrides, or longer than the contract. */
function idleReason(
  socket: LedgerSocket,
  { configuredMs, deadlineMs, serverMs }: IdleTimes,
): { readonly reason: string; readonly advice: string } {
  const { idleTimeoutMs, serverHintMs, owner } = socket
  if (idleTimeoutMs === null || idleTimeoutMs === Number.POSITIVE_INFINITY) {
    return {
      reason: `the client has no idle timeout${serverMs === null ? '' : `, the server closes at ${serverMs} ms`}`,
      advice:
        'set one: new http.Agent({ keepAlive: true, timeout: 6_000 }) for node:http and the AWS SDK, keepAliveTimeout with keepAliveMaxTimeout for undici; or close the client when the work is done',
    }
  }
  if (owner === 'undici' && serverHintMs !== null && configuredMs !== null && idleTimeoutMs > configuredMs) {
    return {
      reason: `the server's hint of ${serverHintMs} ms overrides the client's keepAliveTimeout of ${configuredMs} ms`,
      advice: `cap it: keepAliveMaxTimeout: ${configuredMs} beside keepAliveTimeout: ${configuredMs}; the hint wins up to keepAliveMaxTimeout, which defaults to 600 s`,
    }
  }
  return {
    reason: `its idle timeout of ${idleTimeoutMs} ms is longer`,
    advice: `lower the client's idle timeout below ${deadlineMs} ms, or raise the contract (idleTimeoutMs)`,
  }
}

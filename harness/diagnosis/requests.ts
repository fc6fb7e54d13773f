/** Findings about requests that have not ended: bodies unread, requests queued or left in flight. */
import type { Evidence, Finding } from '../model/finding.ts'
import type { LedgerPage, OpenRequest, PoolPage } from '../model/ledger-page.ts'
import { branchUnread } from './clones.ts'
import { composeFinding, groupBy, lineKey, placeOf, plural, requestShape } from './compose.ts'
import { behind, heldWords, isStream, wayHeld } from './holders.ts'
import { STREAM_ADVICE, streamsOpen } from './http2-streams.ts'
import { bodyAbandoned, isUpstream, notCancelled } from './left-behind.ts'
import { isForgotten, isLostLease, lostLease } from './lost-slots.ts'
import type { Material } from './material.ts'
import { givenUpEvidence, inQueueWords } from './queued.ts'
import { askedInside, bodyWords, exitEvidence, peerEvidence, poolEvidence, type SocketOf, statesOf } from './request-evidence.ts'
import type { ResidualSocket, Residue } from './residue.ts'
import { withSampledLines } from './sampled-lines.ts'
import { isStalledPhase, stalledOpenings, stalledPhase } from './stalls.ts'

export interface RequestFindings {
  readonly findings: readonly Finding[]
  /** Sockets these requests explain. */
  readonly claimed: ReadonlySet<ResidualSocket>
  readonly blockedAtRequest: number | null
  /** What work that hangs waits for: requests without an answer, oldest first. */
  readonly waitedFor: readonly OpenRequest[]
  readonly unread: readonly OpenRequest[]
}

export const PHASE_WORDS = {
  queued: 'waiting for a connection',
  sent: 'sent, no response headers yet',
  headers: 'headers came, the body is still on its way',
  answered: 'answered in full, its own body never sent to the end',
} as const

export function requestFindings(material: Material, residue: Residue): RequestFindings {
  const { cwd } = material
  const socketOf = socketFinder(residue)
  const open = material.options.level === 'sampled' ? withSampledLines(residue.requests) : residue.requests
  const queued = [...open.filter((request) => request.phase === 'queued'), ...residue.givenUp]
  const stalled = stalledOpenings(material, residue)
  const upstream = open.filter((request) => isUpstream(request, material))
  const abandoned = open.filter((request) => request.phase === 'answered')
  const unread = open.filter((request) => !upstream.includes(request) && isUnread(request, socketOf(request), material.earlierPage))
  const starving = queued.filter((request) => isForgotten(request, material.page) || holdersFor(request, material.page, unread).length > 0)
  const special: readonly OpenRequest[] = [...unread, ...starving, ...upstream, ...abandoned]
  const rest = open.filter((request) => !special.includes(request))
  const others = rest.filter((request) => !stalled.waiting.has(request))

  const groupKey = (request: OpenRequest): string => `${lineKey(request.openedAt)} ${request.origin} ${request.method}`
  const findings = [
    ...stalled.findings,
    ...groupBy(upstream, groupKey).map((group) => notCancelled(group, statesOf(group, socketOf), material)),
    ...groupBy(abandoned, groupKey).map((group) => bodyAbandoned(group, statesOf(group, socketOf), material)),
    ...groupBy(
      others.filter((request) => isStalledPhase(request, material)),
      (request) => `${groupKey(request)} ${request.phase}`,
    ).map((group) => stalledPhase(group, statesOf(group, socketOf), material)),
    ...groupBy(unread, (request) => `${groupKey(request)} ${wayHeld(request)}`).map((group) => heldBody(group, socketOf, material)),
    // Work that hangs has not ended, so nothing has outlived it: that is what it waits for.
    ...groupBy(material.hung === null ? others : [], (request) => `${groupKey(request)} ${request.phase}`).map((group) =>
      isStream(group[0]) ? streamsOpen(group, socketOf, material) : outlives(group, socketOf, cwd),
    ),
    ...groupBy(starving, (request) => `${request.poolId} ${request.origin}`).map((group) => starved(group, unread, material)),
  ]
  const claimed = new Set([...open.flatMap((request) => socketOf(request) ?? []), ...stalled.sockets])
  const gone = residue.givenUp.filter((request) => !starving.includes(request))
  const waitedFor = [...rest, ...starving, ...upstream, ...abandoned, ...gone].toSorted((a, b) => a.createdAtMs - b.createdAtMs)
  return { findings, claimed, blockedAtRequest: firstBlocked(starving, unread), waitedFor, unread }
}

/**
 * Ordinal of the first that got no connection among the requests made at the leaking line. One made elsewhere has no number there: it comes
 * after all that hold a lease.
 */
function firstBlocked(starving: readonly OpenRequest[], unread: readonly OpenRequest[]): number | null {
  const leaking = new Set(unread.map((request) => lineKey(request.openedAt)))
  const held = unread.flatMap((request) => request.ordinalAtSite ?? [])
  const next = held.length > 0 ? [Math.max(...held) + 1] : []
  const ordinals = starving.flatMap((request) => (leaking.has(lineKey(request.openedAt)) ? (request.ordinalAtSite ?? []) : next))
  return ordinals.length > 0 ? Math.min(...ordinals) : null
}

function socketFinder(residue: Residue): SocketOf {
  const byId = new Map(residue.sockets.flatMap((socket) => (socket.ledger === null ? [] : [[socket.ledger.id, socket] as const])))
  return (request) => (request.socketId === null ? null : (byId.get(request.socketId) ?? null))
}

/**
 * Headers came and nobody takes the body. Somebody with a listener may still not be reading: a checksum wrapper pipes the body into its
 * own buffer and stops there; then bytes lie waiting and nothing moves.
 */
export function isUnread(request: OpenRequest, socket: ResidualSocket | null, earlierPage: LedgerPage | null): boolean {
  if (request.phase !== 'headers') return false
  if (request.reader === 'none' || isLostLease(request)) return true
  const before = earlierPage?.requests.find((each) => each.id === request.id)
  const moved =
    before !== undefined && (before.socketBytesRead !== request.socketBytesRead || before.receivedBytes !== request.receivedBytes)
  if (moved) return false
  const waiting = (request.bufferedBytes ?? 0) > 0 || (socket?.kernel?.receiveQueueBytes ?? 0) > 0
  const arrivedWhole = request.bodyBytes !== null && request.receivedBytes !== null && request.receivedBytes >= request.bodyBytes
  return waiting || arrivedWhole || request.reader === 'stopped'
}

/** The unread bodies that hold the leases a queued request waits for. */
function holdersFor(request: OpenRequest, page: LedgerPage | null, unread: readonly OpenRequest[]): readonly OpenRequest[] {
  const pool = poolOf(page, request)
  if (pool === null) return unread.filter((held) => request.origin === null || held.origin === request.origin)
  // Queued although its own pool has room: what is used up is the total over all origins (maxTotalSockets).
  const hasRoom = pool.limit !== null && pool.leased + pool.idle < pool.limit
  return unread.filter((held) => held.poolId === pool.id || (hasRoom && held.client === request.client))
}

const poolOf = (page: LedgerPage | null, request: OpenRequest): PoolPage | null =>
  page?.pools.find((pool) => pool.id === request.poolId) ?? null

function heldBody(group: readonly [OpenRequest, ...OpenRequest[]], socketOf: SocketOf, material: Material): Finding {
  switch (wayHeld(group[0])) {
    case 'lost':
      return lostLease(group, statesOf(group, socketOf), material)
    case 'branch':
      return branchUnread(group, statesOf(group, socketOf), material)
    case 'stream':
      return streamsOpen(group, socketOf, material)
    case 'body':
      return unreadBody(group, socketOf, material)
  }
}

function unreadBody(group: readonly [OpenRequest, ...OpenRequest[]], socketOf: SocketOf, material: Material): Finding {
  const [first] = group
  const kernel = group.flatMap((request) => socketOf(request)?.kernel ?? [])
  const pool = poolOf(material.page, first)
  const waiting = kernel.reduce((sum, socket) => sum + (socket.receiveQueueBytes ?? 0), 0)
  const evidence: Evidence[] = [
    { ledger: 'requests', says: bodyWords(group), value: group.length },
    ...askedInside(group),
    ...statesOf(group, socketOf),
    ...(waiting > 0 ? [{ ledger: 'kernel' as const, says: 'bytes waiting in receive queues', value: waiting }] : []),
    ...poolEvidence(pool),
    ...peerEvidence(material),
    ...(material.hung === null ? exitEvidence(material.wouldExit) : []),
  ]
  return composeFinding({
    code: 'UNREAD_BODY',
    count: group.length,
    origin: first.origin,
    request: requestShape(group),
    openedAt: placeOf(first.openedAt, material.cwd),
    summary: `${plural(group.length, 'response body was', 'response bodies were')} never read or released`,
    evidence,
    advice: releaseAdvice(first),
  })
}

function releaseAdvice(request: OpenRequest): string {
  switch (request.client) {
    case 'node:http':
      return 'read the body to its end (AWS SDK: await Body.transformToByteArray(); node:http: res.resume()), or destroy it (Body.destroy(), res.destroy()); reading keeps the connection, destroying costs a reconnect'
    case 'node:http2':
      return STREAM_ADVICE
    case 'undici':
      return 'read the body (await body.text()), or let go of it with await body.dump(), which keeps a connection with a small rest; body.destroy() costs a reconnect'
    case 'fetch':
      return 'read the body (await response.arrayBuffer()) or cancel it (await response.body?.cancel()); cancelling costs a reconnect'
  }
}

function outlives(group: readonly [OpenRequest, ...OpenRequest[]], socketOf: SocketOf, cwd: string): Finding {
  const [first] = group
  return composeFinding({
    code: 'REQUEST_OUTLIVES_CALLER',
    count: group.length,
    origin: first.origin,
    request: requestShape(group),
    openedAt: placeOf(first.openedAt, cwd),
    summary: `${plural(group.length, 'request is', 'requests are')} still in flight after the work that sent them has ended`,
    evidence: [
      { ledger: 'requests', says: PHASE_WORDS[first.phase], value: group.length },
      ...askedInside(group),
      ...statesOf(group, socketOf),
    ],
    advice:
      'await the request before the work returns, or abort it: pass an AbortSignal and abort it when the caller gives up (request.destroy() for node:http)',
  })
}

function starved(group: readonly [OpenRequest, ...OpenRequest[]], unread: readonly OpenRequest[], material: Material): Finding {
  const [first] = group
  const pool = poolOf(material.page, first)
  const holders = holdersFor(first, material.page, unread)
  const ordinal = firstBlocked(group, unread)
  const limit = pool?.limit ?? holders.length
  const at = ordinal === null ? 'requests queue' : `blocks at request ${ordinal}`
  const noWarning = first.client === 'node:http' && group.length < 2 * limit
  return composeFinding({
    code: 'POOL_STARVED',
    count: group.length,
    origin: first.origin ?? holders[0]?.origin ?? null,
    request: requestShape(group),
    openedAt: placeOf(first.openedAt, material.cwd),
    summary: `${at}: ${inQueueWords(group, material)} behind ${behind(holders)}`,
    evidence: [
      // Of streams one lease is a hundred.
      ...(holders.some(isStream) ? [] : poolEvidence(pool)),
      { ledger: 'requests', says: heldWords(holders), value: holders.length },
      ...givenUpEvidence(group, material),
      ...(noWarning
        ? [
            {
              ledger: 'requests' as const,
              says: 'the client gives no warning: the AWS SDK warns from 2 x maxSockets queued on',
              value: null,
            },
          ]
        : []),
    ],
    advice:
      'release what holds the leases (see UNREAD_BODY, LOST_POOL_SLOT); a larger limit only moves the block to a later request, and no client timeout fires while a request is queued',
  })
}

/**
 * Slots of a pool that are lost for good: the pool counts them, and nothing that could ever end stands behind them. Four ways lead there: a body was
 * destroyed and its connection never heard of it; the connection is gone and its pool never heard of that; a connection is counted as in use
 * and carries nothing; requests wait in an undici Pool of which nothing is in use.
 */
import type { Evidence, Finding } from '../model/finding.ts'
import type { LedgerSocket, OpenRequest, PoolPage } from '../model/ledger-page.ts'
import { composeFinding, groupBy, lineKey, placeOf, plural, requestShape } from './compose.ts'
import type { Material } from './material.ts'
import { leaseWord } from './request-evidence.ts'
import type { ResidualSocket, Residue } from './residue.ts'

type Many<T> = readonly [T, ...T[]]

/** The caller destroyed what he was handed. */
export const isLostLease = (request: OpenRequest): boolean => request.phase === 'headers' && request.isLetGo && request.reader !== 'active'

/** Waits for a connection of a pool of which nothing is in use, so that nothing will ever make room. */
export function isForgotten(request: OpenRequest, page: Material['page']): boolean {
  if (!request.waitsInPool || page === null) return false
  return !page.requests.some(
    (other) =>
      (other.client === 'undici' || other.client === 'fetch') &&
      !other.waitsInPool &&
      (request.origin === null || other.origin === request.origin),
  )
}

/** Counted as in use by its http.Agent, and no request is on it. */
export function carriesNothing({ ledger }: ResidualSocket, page: Material['page']): boolean {
  return ledger?.isLeased === true && !(page?.requests ?? []).some((request) => request.socketId === ledger.id)
}

/** Pools whose slots are lost: those to be asked again whether they still serve. */
export function poolsInDoubt(page: Material['page']): readonly number[] {
  if (page === null) return []
  const busy = new Set(page.requests.flatMap(({ socketId }) => socketId ?? []))
  const lost = [
    ...page.requests.filter((request) => request.iteration >= 0 && isLostLease(request)),
    ...page.sockets.filter(({ iteration, isHollow, isLeased, id }) => iteration >= 0 && (isHollow || (isLeased && !busy.has(id)))),
  ]
  return [...new Set(lost.flatMap(({ poolId }) => poolId ?? []))]
}

/** Findings about slots that no request of the work accounts for; bodies that were let go of in vain are requestFindings' own. */
export function lostSlotFindings(material: Material, residue: Residue): readonly Finding[] {
  const { page } = material
  const idle = residue.sockets.filter((socket) => carriesNothing(socket, page)).flatMap(({ ledger }) => ledger ?? [])
  const forgotten = residue.requests.filter((request) => isForgotten(request, page))
  const siteOf = (socket: LedgerSocket): string => `${lineKey(socket.openedAt)} ${socket.poolId}`
  return [
    ...groupBy(residue.hollow, siteOf).map((group) => deadConnection(group, material)),
    ...groupBy(idle, siteOf).map((group) => idleLease(group, material)),
    ...groupBy(forgotten, (request) => `${lineKey(request.openedAt)} ${request.origin}`).map((group) => nobodyAnswers(group, material)),
  ]
}

/** Bodies that were destroyed while their connections stayed. */
export function lostLease(group: Many<OpenRequest>, kernel: readonly Evidence[], material: Material): Finding {
  const [first] = group
  return composeFinding({
    code: 'LOST_POOL_SLOT',
    count: group.length,
    origin: first.origin,
    request: requestShape(group),
    openedAt: placeOf(first.openedAt, material.cwd),
    summary: `${plural(group.length, 'body was', 'bodies were')} destroyed and ${group.length === 1 ? 'its connection' : 'their connections'} never heard of it: the pool counts ${group.length === 1 ? 'it' : 'them'} as in use for good`,
    evidence: [
      { ledger: 'requests', says: 'the stream handed out was destroyed, the response behind it was not', value: group.length },
      ...kernel,
      ...countedBy(poolOf(material, first.poolId)),
      ...recoveryEvidence(material, first.poolId),
    ],
    advice:
      'read the body to its end, or abort the request (AbortSignal): both reach the connection, this destroy() does not. With the AWS SDK update @smithy/core to 3.27.0 or later (3.24.5 to 3.26.0 have the fault); around a wrapper of your own use stream.pipeline() instead of pipe()',
  })
}

const SAME_POOL = 'make a new pool, the old one does not recover (agent.destroy() frees what it still knows)'

function deadConnection(group: Many<LedgerSocket>, material: Material): Finding {
  const [first] = group
  return composeFinding({
    code: 'LOST_POOL_SLOT',
    ...factsOf(group, material),
    summary: `the pool keeps ${plural(group.length, 'connection')} that ${group.length === 1 ? 'is' : 'are'} closed: the next request on ${group.length === 1 ? 'it' : 'one'} hangs or fails`,
    evidence: [
      { ledger: 'kernel', says: 'no descriptor beneath it any more', value: group.length },
      { ledger: 'pools', says: first.isIdle ? 'counted as idle and reusable' : 'counted as in use', value: group.length },
      ...countedBy(poolOf(material, first.poolId)),
      ...recoveryEvidence(material, first.poolId),
    ],
    advice: `whatever stands between the agent and its connections (a mock, an interceptor, a proxy) keeps the close to itself: update or remove it; ${SAME_POOL}`,
  })
}

function idleLease(group: Many<LedgerSocket>, material: Material): Finding {
  const [first] = group
  return composeFinding({
    code: 'LOST_POOL_SLOT',
    ...factsOf(group, material),
    summary: `the pool counts ${plural(group.length, 'connection')} as in use that ${group.length === 1 ? 'carries' : 'carry'} no request: nothing will ever give ${group.length === 1 ? 'it' : 'them'} back`,
    evidence: [
      { ledger: 'kernel', says: 'still open', value: group.length },
      { ledger: 'requests', says: 'open on it', value: 0 },
      ...countedBy(poolOf(material, first.poolId)),
      ...recoveryEvidence(material, first.poolId),
    ],
    advice: `the agent was never told that the exchange is over ('free' on its socket): look for an agent of its own making, or a socket that was taken from it; ${SAME_POOL}`,
  })
}

function nobodyAnswers(group: Many<OpenRequest>, material: Material): Finding {
  const [first] = group
  return composeFinding({
    code: 'LOST_POOL_SLOT',
    count: 1,
    origin: first.origin,
    request: requestShape(group),
    openedAt: placeOf(first.openedAt, material.cwd),
    summary: `${plural(group.length, 'request waits', 'requests wait')} for a slot of a pool of which nothing is in use: the pool counts a connection that is gone or never comes back`,
    evidence: [
      { ledger: 'requests', says: 'waiting for a connection', value: group.length },
      { ledger: 'requests', says: 'in flight that could make room for it', value: 0 },
    ],
    advice:
      'the pool forgot to take it up again: update the client (undici 8.2.0 mended this for clientTtl), leave out the option that retires connections, or bound the wait with an AbortSignal',
  })
}

function factsOf(group: Many<LedgerSocket>, { cwd }: Material): Pick<Finding, 'count' | 'origin' | 'request' | 'openedAt'> {
  const [{ origin, openedAt }] = group
  return { count: group.length, origin, request: null, openedAt: placeOf(openedAt, cwd) }
}

const poolOf = ({ page }: Material, poolId: number | null): PoolPage | null => page?.pools.find(({ id }) => id === poolId) ?? null

function countedBy(pool: PoolPage | null): readonly Evidence[] {
  if (pool === null) return []
  const { limit, leased } = pool
  const says =
    limit === null || !Number.isFinite(limit) ? `${leaseWord(leased)} counted, no limit` : `of ${limit} ${leaseWord(limit)} counted`
  return [{ ledger: 'pools', says, value: leased }]
}

/** What the pool said when it was asked again. */
function recoveryEvidence({ recoveries }: Material, poolId: number | null): readonly Evidence[] {
  const asked = recoveries.find((each) => each.poolId === poolId)
  if (asked === undefined) return []
  const { served, wanted, patienceMs } = asked
  const outcome = served >= wanted ? 'all came' : `number ${served + 1} did not come within ${patienceMs} ms`
  return [
    {
      ledger: 'pools',
      says: `recovery probe: ${wanted} connections asked for one after the other, nothing sent: ${outcome}`,
      value: served,
    },
  ]
}

/** Timeouts and aborts that were to bound a wait, and cannot: told where the work hangs although they were there. Pure. */
import type { Evidence, Finding } from '../model/finding.ts'
import type { OpenRequest } from '../model/ledger-page.ts'
import { composeFinding, groupBy, lineKey, placeOf, plural, requestShape } from './compose.ts'
import type { Material } from './material.ts'
import type { ResidualSocket, Residue } from './residue.ts'

/** undici looks at its timers every half second, and a busy machine is late: what has passed by so much did not fire. */
const LATE_MS = 1_000

type Group = readonly [OpenRequest, ...OpenRequest[]]

interface LateHeaders {
  readonly findings: readonly Finding[]
  readonly claimed: readonly ResidualSocket[]
}

interface Waits {
  /** What work that hangs waits for: a timeout of anything else would not help it. */
  readonly waitedFor: readonly OpenRequest[]
  readonly unread: readonly OpenRequest[]
}

export function ineffectiveFindings(material: Material, { waitedFor, unread }: Waits): readonly Finding[] {
  const { hung, page } = material
  if (hung === null || page === null) return []
  const queued = waitedFor.filter(({ phase }) => phase === 'queued')
  const aborted = queued.filter(({ givenUpMs }) => givenUpMs !== null)
  const overdue = queued.filter((request) => request.givenUpMs === null && hasPassed(request, page.atMs))
  // Only where somebody waits for what those bodies hold.
  const stopped = queued.length === 0 ? [] : unread.filter((request) => request.client !== 'node:http' && hasPassed(request, page.atMs))
  const byLine = ({ client, phase, bound, openedAt }: OpenRequest): string => `${client} ${phase} ${bound?.name} ${lineKey(openedAt)}`
  return [
    ...groupBy(aborted, byLine).map((group) => abortKept(group, material)),
    ...groupBy([...stopped, ...overdue], byLine).map((group) => neverFired(group, page.atMs, material)),
  ]
}

/** What a server's timeout was to end long ago, with the connections that this explains. */
export function lateHeaderFindings({ page, cwd }: Material, residue: Pick<Residue, 'sockets'>): LateHeaders {
  const late = residue.sockets.flatMap((socket) => {
    const { ledger } = socket
    if (page === null || ledger === null || ledger.headersDue === null) return []
    const overdueMs = Math.round(page.atMs - ledger.openedAtMs - ledger.headersDue.withinMs)
    return overdueMs >= LATE_MS ? [{ socket, ledger, due: ledger.headersDue, overdueMs }] : []
  })
  const findings = groupBy(late, ({ ledger }) => `${lineKey(ledger.openedAt)} ${ledger.localPort}`).map((group) => {
    const [{ ledger, due }] = group
    const { withinMs, checkedEveryMs } = due
    return composeFinding({
      code: 'TIMEOUT_INEFFECTIVE',
      count: group.length,
      origin: ledger.localPort === null ? null : `http://127.0.0.1:${ledger.localPort}`,
      request: null,
      openedAt: placeOf(ledger.openedAt, cwd),
      summary: `headersTimeout of ${withinMs} ms has passed on ${plural(group.length, 'connection')} without a whole request, and did not fire: Node looks at it every ${checkedEveryMs} ms`,
      evidence: [
        { ledger: 'requests', says: 'accepted, no whole request header', value: group.length },
        { ledger: 'requests', says: 'headersTimeout, ms', value: withinMs },
        { ledger: 'requests', says: 'connectionsCheckingInterval, ms', value: checkedEveryMs },
        { ledger: 'requests', says: 'passed so long ago, ms', value: Math.max(...group.map(({ overdueMs }) => overdueMs)) },
      ],
      advice: `createServer({ headersTimeout: ${withinMs}, connectionsCheckingInterval: ${Math.max(1, Math.round(withinMs / 2))} }): Node then answers 408 and closes; it costs a walk over the connections that often`,
    })
  })
  return { findings, claimed: late.map(({ socket }) => socket) }
}

/** When the phase began that its timeout is for. */
const beganAtMs = ({ phase, createdAtMs, headersAtMs }: OpenRequest): number =>
  phase === 'headers' ? (headersAtMs ?? createdAtMs) : createdAtMs

const hasPassed = (request: OpenRequest, atMs: number): boolean =>
  request.bound !== null && atMs - beganAtMs(request) >= request.bound.ms + LATE_MS

function abortKept(group: Group, { cwd }: Material): Finding {
  const [first] = group
  const isNode = first.client === 'node:http'
  const agoMs = Math.round(Math.max(...group.map(({ givenUpMs }) => givenUpMs ?? 0)))
  const when = isNode ? 'node:http delivers that only when a socket frees' : 'undici delivers that only when the request leaves its queue'
  return composeFinding({
    code: 'TIMEOUT_INEFFECTIVE',
    count: group.length,
    origin: first.origin,
    request: requestShape(group),
    openedAt: placeOf(first.openedAt, cwd),
    summary: `${plural(group.length, 'queued request was', 'queued requests were')} aborted, and the caller has not been told: ${when}`,
    evidence: [
      { ledger: 'requests', says: 'aborted while queued, no error delivered', value: group.length },
      { ledger: 'requests', says: 'aborted so long ago, at least, ms', value: agoMs },
    ],
    advice: `bound the wait by a timer of your own that rejects, beside the signal (waitAtMost of watertight/limits)${isNode ? '' : '; fetch delivers an abort at once'}; and let go of what holds the connections (see POOL_STARVED)`,
  })
}

function neverFired(group: Group, atMs: number, { cwd }: Material): Finding {
  const [first] = group
  const { name, ms } = first.bound ?? { name: 'timeout', ms: 0 }
  const isUnread = first.phase === 'headers'
  const overdueMs = Math.round(Math.max(...group.map((request) => atMs - beganAtMs(request) - (request.bound?.ms ?? 0))))
  const why = isUnread
    ? 'undici stops its parser, and this timer with it, while nobody reads the body'
    : 'it does not run while a request waits for a connection'
  const evidence: readonly Evidence[] = [
    { ledger: 'requests', says: isUnread ? 'headers came, nobody reads the body' : 'waiting for a connection', value: group.length },
    { ledger: 'requests', says: `${name}, ms`, value: ms },
    { ledger: 'requests', says: 'passed so long ago, ms', value: overdueMs },
  ]
  return composeFinding({
    code: 'TIMEOUT_INEFFECTIVE',
    count: group.length,
    origin: first.origin,
    request: requestShape(group),
    openedAt: placeOf(first.openedAt, cwd),
    summary: `${name} of ${ms} ms has passed for ${plural(group.length, 'request')} and did not fire: ${why}`,
    evidence,
    advice: isUnread
      ? 'no timeout helps a body that nobody reads: read it or let go of it (await body.dump()), on every path'
      : 'no timeout of the client runs while a request is queued: bound the wait by a timer of your own (waitAtMost of watertight/limits), and let go of what holds the connections (see POOL_STARVED)',
  })
}

/**
 * A phase that does not end, and that nothing ends: connecting, the TLS handshake, waiting for headers, waiting for the rest of a body. A connection that
 * never stood was never the caller's to let go of, so that is told whether he waits or not; an answer that does not come is what a caller waits for
 * (here), or what he has left in flight (REQUEST_OUTLIVES_CALLER).
 */
import type { Evidence, Finding, FindingCode } from '../model/finding.ts'
import type { LedgerPage, LedgerSocket, OpenRequest } from '../model/ledger-page.ts'
import { composeFinding, groupBy, lineKey, placeOf, plural, requestShape } from './compose.ts'
import type { Material } from './material.ts'
import { type ResidualSocket, type Residue, roleOf } from './residue.ts'

type Many<T> = readonly [T, ...T[]]

/** What has not moved for so long stands still; on loopback each phase takes milliseconds. Work that ran out of time is looked at for so long again. */
export const STILL_MS = 1_000
/** A timeout that should have ended a phase so long ago does not. */
const LATE_MS = 1_000

interface StalledOpenings {
  readonly findings: readonly Finding[]
  readonly sockets: readonly ResidualSocket[]
  /** Requests that wait for such a connection and for nothing else. */
  readonly waiting: ReadonlySet<OpenRequest>
}

type Opening = ResidualSocket & { readonly ledger: LedgerSocket & { readonly opening: 'connect' | 'tls' } }

/** Connections that were begun and never stood, with the requests that wait for them. */
export function stalledOpenings(material: Material, residue: Residue): StalledOpenings {
  const { page, earlierPage } = material
  if (page === null) return { findings: [], sockets: [], waiting: new Set() }
  const before = new Map((earlierPage?.sockets ?? []).map((socket) => [socket.id, socket.opening]))
  // In the order they were opened: the kernel has its own.
  const sockets = residue.sockets
    .filter(
      (socket): socket is Opening =>
        socket.ledger?.opening != null &&
        roleOf(socket) === 'outbound' &&
        before.get(socket.ledger.id) === socket.ledger.opening &&
        page.atMs - socket.ledger.openedAtMs >= STILL_MS,
    )
    .toSorted((a, b) => a.ledger.openedAtMs - b.ledger.openedAtMs)
  const waitingFor = (socket: Opening): readonly OpenRequest[] => residue.requests.filter((request) => waits(request, socket))
  const groups = groupBy(sockets, (socket) => {
    const [first] = waitingFor(socket)
    return `${socket.ledger.opening} ${lineKey(first?.openedAt ?? socket.ledger.openedAt)} ${first?.origin ?? remoteOf(socket)}`
  })
  return {
    findings: groups.map((group) => openingStalled(group, [...new Set(group.flatMap(waitingFor))], page, material)),
    sockets,
    waiting: new Set(sockets.flatMap(waitingFor)),
  }
}

const portOf = (socket: Opening): number | null => socket.kernel?.remote.port ?? socket.ledger.remotePort

const remoteOf = (socket: Opening): string | null => {
  const { kernel } = socket
  const port = portOf(socket)
  return port === null
    ? null
    : `tcp://${kernel === null ? 'localhost' : kernel.remote.address.includes(':') ? `[${kernel.remote.address}]` : kernel.remote.address}:${port}`
}

/** node:http says which connection a request is on; undici lets it wait until there is one to its origin. */
function waits(request: OpenRequest, socket: Opening): boolean {
  if (request.socketId !== null) return request.socketId === socket.ledger.id
  if (request.phase !== 'queued' || request.client === 'node:http' || request.origin === null || socket.ledger.poolId !== null) return false
  const { port, protocol } = new URL(request.origin)
  return Number(port || (protocol === 'https:' ? 443 : 80)) === portOf(socket)
}

const OPENING = {
  connect: {
    code: 'CONNECT_STALLED',
    what: 'was never established',
    says: 'connecting, and nobody answers',
    advice:
      'bound it: connect: { timeout } of undici (10 s unless set), connectionTimeout of the AWS SDK (none unless set); node:http has none, so destroy the request when its socket has not said "connect" in time, or pass an AbortSignal with a timeout',
  },
  tls: {
    code: 'TLS_STALLED',
    what: 'stands, and its TLS handshake was never answered',
    says: 'connected, our hello was sent, and no answer to it has come',
    advice:
      'bound it: connect: { timeout } of undici covers the handshake (10 s unless set); node:https and the AWS SDK bound only the TCP connection, so pass an AbortSignal with a timeout, and destroy the request or the socket when it fires',
  },
} as const satisfies Record<'connect' | 'tls', { code: FindingCode; what: string; says: string; advice: string }>

function openingStalled(group: Many<Opening>, waiting: readonly OpenRequest[], page: LedgerPage, { cwd }: Material): Finding {
  const [first] = group
  const [request, ...more] = waiting
  const { code, what, says, advice } = OPENING[first.ledger.opening]
  const oldestMs = Math.min(...group.map(({ ledger }) => ledger.openedAtMs))
  const states = groupBy(
    group.flatMap(({ kernel }) => kernel ?? []),
    ({ state }) => state,
  )
  return composeFinding({
    code,
    count: group.length,
    origin: request?.origin ?? remoteOf(first),
    request: request === undefined ? null : requestShape([request, ...more]),
    openedAt: placeOf(request?.openedAt ?? first.ledger.openedAt, cwd),
    summary: `${plural(group.length, 'connection')} ${group.length === 1 ? what : what.replace('was never est', 'were never est').replace('stands, and its', 'stand, and their')}, and no timeout has ended the wait`,
    evidence: [
      { ledger: 'requests', says, value: group.length },
      { ledger: 'requests', says: 'since, ms; nothing moved between two looks', value: Math.round(page.atMs - oldestMs) },
      ...states.map(([{ state }, ...others]): Evidence => ({ ledger: 'kernel', says: state, value: others.length + 1 })),
      ...(waiting.length > 0 ? [{ ledger: 'requests' as const, says: 'requests that wait for it', value: waiting.length }] : []),
    ],
    advice,
  })
}

/** The work waits for an answer, or for more of it; nothing moves, somebody would read, and nothing that the client knows of ends the wait. */
export function isStalledPhase(request: OpenRequest, { hung, page, earlierPage, options }: Material): boolean {
  // Where limits are judged the bound that is missing has its own finding (TIMEOUT_MISSING).
  if (
    hung === null ||
    hung.because === 'unanswered' ||
    page === null ||
    options.judgeLimits ||
    (request.phase !== 'sent' && request.phase !== 'headers')
  )
    return false
  const before = earlierPage?.requests.find(({ id }) => id === request.id)
  const ageMs = page.atMs - (request.headersAtMs ?? request.createdAtMs)
  return before !== undefined && isSame(before, request) && ageMs >= STILL_MS && isUnbounded(request, ageMs)
}

/** Nothing, or what should have fired long ago. */
const isUnbounded = ({ bound }: OpenRequest, ageMs: number): boolean => bound === null || ageMs > bound.ms + LATE_MS

const isSame = (before: OpenRequest, now: OpenRequest): boolean =>
  before.phase === now.phase &&
  before.socketBytesRead === now.socketBytesRead &&
  before.receivedBytes === now.receivedBytes &&
  before.socketBytesWritten === now.socketBytesWritten

export function stalledPhase(group: Many<OpenRequest>, states: readonly Evidence[], { page, cwd }: Material): Finding {
  const [first] = group
  const isBody = first.phase === 'headers'
  const sinceMs = (page?.atMs ?? 0) - Math.min(...group.map(({ headersAtMs, createdAtMs }) => headersAtMs ?? createdAtMs))
  const received = first.receivedBytes === null ? '' : `, ${first.receivedBytes} of ${first.bodyBytes ?? 'unknown'} bytes came`
  const bound =
    first.bound === null
      ? 'no timeout of the client bounds it'
      : `its ${first.bound.name} of ${first.bound.ms} ms has passed and ended nothing`
  return composeFinding({
    code: isBody ? 'BODY_STALLED' : 'HEADERS_STALLED',
    count: group.length,
    origin: first.origin,
    request: requestShape(group),
    openedAt: placeOf(first.openedAt, cwd),
    summary: isBody
      ? `${plural(group.length, 'body', 'bodies')} began to come and stopped, and no timeout has ended the wait`
      : `${plural(group.length, 'request was', 'requests were')} sent and never answered, and no timeout has ended the wait`,
    evidence: [
      {
        ledger: 'requests',
        says: isBody ? `headers came${received}, somebody reads, and nothing comes` : 'sent, no response headers yet',
        value: group.length,
      },
      { ledger: 'requests', says: 'since, ms; nothing moved between two looks', value: Math.round(sinceMs) },
      { ledger: 'requests', says: bound, value: null },
      ...states,
    ],
    advice: isBody
      ? 'bound the body: bodyTimeout of undici (300 s unless set), an AbortSignal with a timeout on fetch; for node:http destroy the response in its "timeout" event, which by itself ends nothing (AWS SDK: socketTimeout with throwOnRequestTimeout, or abortSignal)'
      : 'bound the wait for headers: headersTimeout of undici (300 s unless set), an AbortSignal with a timeout on fetch; for node:http destroy the request in its "timeout" event, which by itself ends nothing (AWS SDK: requestTimeout with throwOnRequestTimeout, or abortSignal)',
  })
}

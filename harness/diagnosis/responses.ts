/** Findings about what a server of the subject's own still owes: responses that no handler ended. */
import type { Evidence, Finding } from '../model/finding.ts'
import type { LedgerSocket, OpenRequest, OpenResponse } from '../model/ledger-page.ts'
import { commonPath, composeFinding, groupBy, lineKey, placeOf, plural } from './compose.ts'
import type { Material } from './material.ts'
import { isUnread } from './requests.ts'
import type { ResidualSocket, Residue } from './residue.ts'

export interface ResponseFindings {
  readonly findings: readonly Finding[]
  /** Never ended, for whoever asks what hanging work waits for. */
  readonly unended: readonly OpenResponse[]
  /** Requests of this same process that wait for them and for nothing else: symptoms. */
  readonly absorbed: ReadonlySet<OpenRequest>
  /** Sockets they explain. */
  readonly claimed: ReadonlySet<ResidualSocket>
}

export function responseFindings(material: Material, residue: Residue): ResponseFindings {
  const callerOf = callerFinder(material, residue)
  const paired = new Set(residue.responses.flatMap((response) => callerOf(response) ?? []))
  // A handler may wait for the answer to a request of its own: then that is the cause, and is judged as such.
  const waitsElsewhere = residue.requests.some((request) => !paired.has(request) && !isUnread(request, null, material.earlierPage))
  const unended = waitsElsewhere ? [] : residue.responses.filter((response) => isNeverEnded(response, callerOf(response), material))
  // Who called a server that stood before the work may have met a silence that is meant (a stub's): that request is a leak of its own.
  const absorbed = unended.flatMap((response) => (material.hung === null && response.isOwnServer ? (callerOf(response) ?? []) : []))
  return {
    findings: groupBy(unended, routeKeyOf(unended)).map((group) => neverEnded(group, callerOf, material, residue)),
    unended,
    absorbed: new Set(absorbed),
    claimed: new Set(residue.sockets.filter((socket) => unended.some((response) => isBetween(socket, response)))),
  }
}

function isNeverEnded(response: OpenResponse, caller: OpenRequest | null, { earlierPage }: Material): boolean {
  if (response.waitsForPeer || response.isEventStream) return false
  // A body that begins to come and that nobody takes is its caller's.
  if (caller !== null && isUnread(caller, null, earlierPage)) return false
  const before = earlierPage?.responses.find(({ id }) => id === response.id)
  // One begun since, or one that goes on, is in flight.
  return earlierPage === null || (before !== undefined && before.socketBytesWritten === response.socketBytesWritten)
}

/** The request of this same process at the other end of the connection. */
function callerFinder({ page }: Material, residue: Residue): (response: OpenResponse) => OpenRequest | null {
  const socketById = new Map((page?.sockets ?? []).map((socket) => [socket.id, socket]))
  const callers = new Map(
    residue.requests.flatMap((request) => {
      const socket = request.socketId === null ? undefined : socketById.get(request.socketId)
      return socket === undefined ? [] : [[wayOf(socket), request] as const]
    }),
  )
  return ({ localPort, remotePort }) => (localPort === null ? null : (callers.get(`${remotePort}>${localPort}`) ?? null))
}

const wayOf = ({ localPort, remotePort }: Pick<LedgerSocket, 'localPort' | 'remotePort'>): string => `${localPort}>${remotePort}`

/** Either end of the response's connection. */
function isBetween({ kernel, ledger }: ResidualSocket, { localPort, remotePort }: OpenResponse): boolean {
  const local = kernel?.local.port ?? ledger?.localPort ?? null
  const remote = kernel?.remote.port ?? ledger?.remotePort ?? null
  return local !== null && ((local === localPort && remote === remotePort) || (local === remotePort && remote === localPort))
}

/** So many routes of one handler are told apart by their first segment; beyond, the first segment is itself a variable. */
const MAX_ROUTES = 5

const segmentOf = ({ path }: OpenResponse): string => path.split('/', 2)[1] ?? ''

function routeKeyOf(responses: readonly OpenResponse[]): (response: OpenResponse) => string {
  const placeKey = ({ method, openedAt, lastTouchedAt }: OpenResponse): string => `${method} ${lineKey(openedAt)} ${lineKey(lastTouchedAt)}`
  const many = new Set(
    groupBy(responses, placeKey).flatMap((group) => (new Set(group.map(segmentOf)).size > MAX_ROUTES ? [placeKey(group[0])] : [])),
  )
  return (response) => (many.has(placeKey(response)) ? placeKey(response) : `${placeKey(response)} ${segmentOf(response)}`)
}

type Group = readonly [OpenResponse, ...OpenResponse[]]

/** The route a group of responses belongs to: their method, the common prefix of their paths plus `*`. */
function routeOf(group: Group): NonNullable<Finding['request']> {
  const shared = group.every(({ status }) => status === group[0].status)
  return { method: group[0].method, path: commonPath([...new Set(group.map(({ path }) => path))]), status: shared ? group[0].status : null }
}

function neverEnded(
  group: Group,
  callerOf: (response: OpenResponse) => OpenRequest | null,
  { cwd, page }: Material,
  residue: Residue,
): Finding {
  const [first] = group
  const route = routeOf(group)
  const oldestMs = Math.max(...group.map(({ startedAtMs }) => (page?.atMs ?? startedAtMs) - startedAtMs))
  const headless = group.filter(({ status }) => status === null).length
  const states = groupBy(
    residue.sockets.flatMap((socket) => (group.some((response) => isBetween(socket, response)) ? (socket.kernel ?? []) : [])),
    ({ state }) => state,
  )
  const callers = groupBy(
    group.flatMap((response) => callerOf(response) ?? []),
    ({ openedAt }) => lineKey(openedAt),
  )
  const evidence: Evidence[] = [
    ...(headless > 0 ? [{ ledger: 'requests' as const, says: 'the handler was called and has sent nothing', value: headless }] : []),
    ...(headless < group.length
      ? [{ ledger: 'requests' as const, says: 'headers were sent, end() was never called', value: group.length - headless }]
      : []),
    { ledger: 'requests', says: 'open since, ms', value: Math.round(oldestMs) },
    ...states.map(([{ state }, ...more]) => ({ ledger: 'kernel' as const, says: state, value: more.length + 1 })),
    ...callers.map(([{ openedAt }, ...more]) => {
      const place = placeOf(openedAt, cwd)
      const where = place === null ? '' : `, asked for at ${place.file}:${place.line}`
      return { ledger: 'requests' as const, says: `its caller is this same process${where}`, value: more.length + 1 }
    }),
  ]
  return composeFinding({
    code: 'RESPONSE_NEVER_ENDED',
    count: group.length,
    origin: first.origin,
    request: route,
    openedAt: placeOf(first.openedAt, cwd),
    lastTouchedAt: placeOf(first.lastTouchedAt, cwd),
    summary: `${plural(group.length, 'response')} to ${route.method} ${route.path} ${group.length === 1 ? 'was' : 'were'} never ended by the handler`,
    evidence,
    advice:
      'end the response on every path of the handler, the error path too: response.end(), or pipeline(source, response); until then the caller waits, and its connection stays taken',
  })
}

/** Streams of HTTP/2 that were left open: they hold a place among those the peer allows, and any number of them hides behind one connection. */
import type { Evidence, Finding } from '../model/finding.ts'
import type { OpenRequest } from '../model/ledger-page.ts'
import { composeFinding, placeOf, plural, requestShape } from './compose.ts'
import type { Material } from './material.ts'
import { bodyWords, peerEvidence, type SocketOf, statesOf } from './request-evidence.ts'

export const STREAM_ADVICE =
  'read each stream to its end (undici: await body.text(); node:http2: stream.resume()) or let go of it (body.destroy(), stream.destroy(); stream.close() alone waits for a reader): that costs no connection; close the session when the work is done'

/** One line's streams. */
export function streamsOpen(group: readonly [OpenRequest, ...OpenRequest[]], socketOf: SocketOf, material: Material): Finding {
  const [first] = group
  const connections = new Set(group.flatMap(({ socketId }) => socketId ?? [])).size
  const isAnswered = first.phase === 'headers'
  const carried: Evidence[] = connections === 0 ? [] : [{ ledger: 'pools', says: 'connections that carry them', value: connections }]
  return composeFinding({
    code: 'H2_STREAM_OPEN',
    count: group.length,
    origin: first.origin,
    request: requestShape(group),
    openedAt: placeOf(first.openedAt, material.cwd),
    summary: `${plural(group.length, 'HTTP/2 stream is', 'HTTP/2 streams are')} still open${connections > 0 ? ` on ${plural(connections, 'connection')}` : ''}: ${isAnswered ? 'nobody reads their bodies to the end' : 'no headers came yet'}`,
    evidence: [
      { ledger: 'requests', says: isAnswered ? bodyWords(group) : 'sent, no response headers yet', value: group.length },
      ...carried,
      ...statesOf(group, (request) => (isFirstOn(request, group) ? socketOf(request) : null)),
      ...peerEvidence(material),
    ],
    advice: isAnswered ? STREAM_ADVICE : 'await the answer before the work returns, or give it up: an AbortSignal, or stream.destroy()',
  })
}

/** Counted once, however many streams a connection carries. */
const isFirstOn = (request: OpenRequest, group: readonly OpenRequest[]): boolean =>
  group.find(({ socketId }) => socketId === request.socketId) === request

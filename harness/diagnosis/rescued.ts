/**
 * Bodies that garbage collection cancelled. Where nobody holds the stream that was luck: nobody read it, nobody let go of it. Where somebody
 * does it was a loss: the stream ends as if it were empty.
 */
import type { Evidence, Finding } from '../model/finding.ts'
import type { RescuedBody } from '../model/ledger-page.ts'
import { composeFinding, placeOf, plural } from './compose.ts'
import type { Residue } from './residue.ts'

export function rescuedFindings({ rescued }: Residue, cwd: string): readonly Finding[] {
  return rescued.map((bodies) => (bodies.fate === 'dropped' ? rescuedByLuck(bodies, cwd) : truncated(bodies, cwd)))
}

function facts({ origin, method, path, count, openedAt }: RescuedBody, cwd: string) {
  const request = method === null || path === null ? null : { method, path: count === 1 ? path : '/*', status: null }
  return { count, origin, request, openedAt: placeOf(openedAt, cwd) }
}

function rescuedByLuck(bodies: RescuedBody, cwd: string): Finding {
  const { count } = bodies
  return composeFinding({
    code: 'BODY_RESCUED_BY_GC',
    ...facts(bodies, cwd),
    summary: `${plural(count, 'response body was', 'response bodies were')} never read or released; garbage collection cancelled ${count === 1 ? 'it' : 'them'}`,
    evidence: [
      { ledger: 'requests', says: 'cancelled by garbage collection: each costs a connection, and comes late or never', value: count },
    ],
    advice: 'read the body (await response.arrayBuffer()) or cancel it (await response.body?.cancel()); cancelling costs a reconnect',
  })
}

const KEPT = {
  read: 'read after garbage collection had cancelled it: no data came, and no error',
  held: 'cancelled by garbage collection, and its stream is held still: whoever reads it gets no data, and no error',
} as const

function truncated(bodies: RescuedBody, cwd: string): Finding {
  const { count, fate, bodyBytes, lastTouchedAt } = bodies
  const evidence: Evidence[] = [
    { ledger: 'requests', says: KEPT[fate === 'read' ? 'read' : 'held'], value: count },
    ...(bodyBytes > 0 ? [{ ledger: 'requests' as const, says: 'bytes lost', value: bodyBytes }] : []),
  ]
  return composeFinding({
    code: 'TRUNCATED_BY_GC',
    ...facts(bodies, cwd),
    lastTouchedAt: placeOf(lastTouchedAt, cwd),
    summary: `${plural(count, 'held body stream was', 'held body streams were')} cancelled by garbage collection, because ${count === 1 ? 'its Response was' : 'their Responses were'} dropped: data lost without an error`,
    evidence,
    advice:
      'keep the Response for as long as its body is read, not response.body alone: pass the Response on, or read at once (await response.arrayBuffer())',
  })
}

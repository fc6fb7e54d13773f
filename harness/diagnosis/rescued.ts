/** Bodies that garbage collection cancelled: nobody read them, nobody let go of them, and it shows only by luck. */
import type { Finding } from '../model/finding.ts'
import { composeFinding, placeOf, plural } from './compose.ts'
import type { Residue } from './residue.ts'

export function rescuedFindings({ rescued }: Residue, cwd: string): readonly Finding[] {
  return rescued.map(({ origin, method, path, count, openedAt }) =>
    composeFinding({
      code: 'BODY_RESCUED_BY_GC',
      count,
      origin,
      request: { method, path: count === 1 ? path : '/*', status: null },
      openedAt: placeOf(openedAt, cwd),
      summary: `${plural(count, 'response body was', 'response bodies were')} never read or released; garbage collection cancelled ${count === 1 ? 'it' : 'them'}`,
      evidence: [
        { ledger: 'requests', says: 'cancelled by garbage collection: each costs a connection, and comes late or never', value: count },
      ],
      advice: 'read the body (await response.arrayBuffer()) or cancel it (await response.body?.cancel()); cancelling costs a reconnect',
    }),
  )
}

/** What is wrong with how many: descriptors that run out, connections that come and go. Pure. */
import type { Finding } from '../../model/finding.ts'
import { composeFinding, groupBy, plural } from '../compose.ts'
import { type MemberBook, type OutsideBook, originOf } from './book.ts'

export function exhaustedFindings({ last }: MemberBook): readonly Finding[] {
  if (last.descriptorsLeft === null || last.descriptorsLeft > 0) return []
  return [
    composeFinding({
      code: 'DESCRIPTORS_EXHAUSTED',
      count: 1,
      origin: null,
      request: null,
      openedAt: null,
      summary: `all descriptors are taken: ${last.descriptors ?? 'as many as it may have'} are open and no more may be`,
      evidence: [{ ledger: 'kernel', says: 'descriptors open', value: last.descriptors }],
      advice: 'let go of what the other findings name; raising the limit (ulimit -n) only moves the moment',
    }),
  ]
}

/** Below this many connections nobody cares (diagnose.ts has the same floor). */
const CHURN_FLOOR = 5

/**
 * Zero idle connections look perfect to a counter: so what comes and goes is counted too. Seen in a look or left in TIME_WAIT at a watched end, each by its
 * two ports, so none counts twice.
 */
export function churnFindings(book: OutsideBook, name: string): readonly Finding[] {
  const member = book.members.get(name)
  if (member === undefined) return []
  const passing = book.gone.filter(
    ({ connection }) => connection.member === name && !connection.isOlder && connection.socket.role === 'outbound',
  )
  const listeners = (member.last.sockets ?? []).filter(({ state }) => state === 'LISTEN')
  const closedHere = listeners.map(({ local }) => ({
    origin: originOf({ ...listeners[0], role: 'inbound', local } as Parameters<typeof originOf>[0]),
    count: [...book.closed].filter((key) => key.startsWith(`${member.last.network} `) && closedAt(key, local.port)).length,
    atOnce: member.sockets.most,
    says: 'connections closed at its listener (TIME_WAIT)',
  }))
  const opened = groupBy(passing, ({ connection }) => originOf(connection.socket)).map((group) => ({
    origin: originOf(group[0].connection.socket),
    count: group.length,
    atOnce: member.sockets.most,
    says: 'connections opened and closed while it was watched',
  }))
  const overMs = book.atMs - book.startedMs
  return [...opened, ...closedHere]
    .filter(({ count, atOnce }) => count - atOnce >= CHURN_FLOOR)
    .map(({ origin, count, atOnce, says }) =>
      composeFinding({
        code: 'CONNECTION_CHURN',
        count,
        origin,
        request: null,
        openedAt: null,
        summary: `${plural(count, 'connection')} came and went in ${(overMs / 1_000).toFixed(1)} s, at most ${atOnce} open at once: each request pays a new connection`,
        evidence: [
          { ledger: 'kernel', says, value: count },
          { ledger: 'kernel', says: 'most open at once', value: atOnce },
        ],
        advice:
          'keep connections alive and share one client; in AIStore idle_conns_per_host = -1 turns keep-alive off and shows zero idle connections',
      }),
    )
}

const closedAt = (key: string, port: number): boolean =>
  key
    .slice(key.indexOf(' ') + 1)
    .split('>', 1)[0]
    ?.endsWith(`:${port}`) === true

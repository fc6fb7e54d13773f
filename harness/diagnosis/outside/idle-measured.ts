/** When idle connections really went, held against the timeout that a configuration shows. Pure. */
import type { Finding } from '../../model/finding.ts'
import { composeFinding, groupBy, plural } from '../compose.ts'
import { type GoneConnection, type OutsideBook, originOf } from './book.ts'
import { CLOSING_MS, queuedBytes, seconds, TOLERANCE_MS } from './conditions.ts'
import type { OutsideRules } from './judge.ts'

/** Idle connections of one origin that were closed: how long they had been idle then. */
export interface MeasuredIdle {
  readonly origin: string
  readonly count: number
  /** They were there after so long, and gone after so long, ms. */
  readonly leastMs: number
  readonly mostMs: number
}

export function measuredIdle(
  book: OutsideBook,
  name: string,
  { shownIdleMs }: OutsideRules,
): { readonly measured: readonly MeasuredIdle[]; readonly notes: readonly string[]; readonly findings: readonly Finding[] } {
  const went = book.gone.filter(({ connection }) => connection.member === name && wasIdle(connection))
  const measured = groupBy(went, ({ connection }) => `${connection.socket.role} ${originOf(connection.socket)}`).map((group) => ({
    origin: originOf(group[0].connection.socket),
    count: group.length,
    leastMs: Math.min(...group.map(({ connection }) => connection.lastSeenMs - connection.quietSinceMs)),
    mostMs: Math.max(...group.map(({ connection, goneAtMs }) => goneAtMs - connection.quietSinceMs)),
  }))
  return {
    measured,
    notes: [...measured.map(measuredNote), ...(shownIdleMs === null ? [] : measured.flatMap((each) => differing(each, shownIdleMs)))],
    findings:
      shownIdleMs === null ? [] : measured.filter((each) => isLater(each, shownIdleMs)).map((each) => notInForce(each, shownIdleMs)),
  }
}

/** Quiet with nothing queued when last seen; without counters nobody knows since when. */
const wasIdle = (connection: GoneConnection['connection']): boolean =>
  connection.socket.state === 'ESTABLISHED' &&
  connection.socket.traffic !== undefined &&
  queuedBytes(connection) === 0 &&
  connection.lastSeenMs - connection.quietSinceMs >= CLOSING_MS

const measuredNote = ({ origin, count, leastMs, mostMs }: MeasuredIdle): string =>
  `measured idle timeout at ${origin}: ${plural(count, 'idle connection')} went after ${seconds(leastMs)} to ${seconds(mostMs)}`

/** The time in force is the lower one of both ends, and a value that is shown may wait for a restart: the measured one is believed. */
const isLater = ({ leastMs }: MeasuredIdle, shownIdleMs: number): boolean => leastMs > shownIdleMs + TOLERANCE_MS

function differing({ origin, mostMs }: MeasuredIdle, shownIdleMs: number): readonly string[] {
  if (mostMs >= shownIdleMs - TOLERANCE_MS) return []
  return [
    `shown is an idle timeout of ${seconds(shownIdleMs)}, measured at ${origin} are ${seconds(mostMs)} at most: the other end closes earlier, or the value shown is not in force`,
  ]
}

function notInForce({ origin, count, leastMs, mostMs }: MeasuredIdle, shownIdleMs: number): Finding {
  return composeFinding({
    code: 'LIMIT_UNENFORCED',
    count,
    origin,
    request: null,
    openedAt: null,
    summary: `the idle timeout of ${seconds(shownIdleMs)} that is shown is not in force: idle connections went after ${seconds(leastMs)} to ${seconds(mostMs)}`,
    evidence: [
      { ledger: 'kernel', says: 'measured at least, ms', value: Math.round(leastMs) },
      { ledger: 'pools', says: 'shown, ms', value: shownIdleMs },
    ],
    advice:
      'believe the measured one: a changed value may take effect only after a restart (AIStore; for its S3 backend also after a credential reload)',
  })
}

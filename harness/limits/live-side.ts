/** A server as it was heard, held against what it is said to be. */
import { type LimitFault, type LimitSide, shownMs } from './lint-side.ts'

export interface LiveServer {
  /** Its origin. */
  readonly name: string
  /** `timeout=` of its Keep-Alive header, ms; null: it sends none. */
  readonly hintMs: number | null
  /** It closes after each answer. */
  readonly closesAtOnce: boolean
  /** When it closed an idle connection, ms; null: nobody watched, or it did not. */
  readonly measuredMs: number | null
  /** So long it was watched, ms. */
  readonly watchedMs: number | null
}

/** A Node server closes a second later than it announces, MinIO half a second; nobody's timers are better than that. */
const SLACK_MS = 1_500

/** @param shown what its owner says it is; null: nothing. */
export function liveSide(
  live: LiveServer,
  shown: LimitSide | null,
): { readonly side: LimitSide | null; readonly faults: readonly LimitFault[] } {
  const { name, hintMs, measuredMs, watchedMs, closesAtOnce } = live
  if (closesAtOnce) return { side: null, faults: [churn(name)] }
  const shownMsOf = shown?.values.idleMs ?? null
  const announced =
    hintMs === null || measuredMs === null || agree(hintMs, measuredMs) ? [] : [contradicts(name, 'announces', hintMs, measuredMs)]
  const told = measuredMs ?? hintMs
  const differs =
    shownMsOf === null || told === null || agree(shownMsOf, told) ? [] : [contradicts(name, 'is said to keep', shownMsOf, told)]
  const known = [hintMs, measuredMs].filter((each) => each !== null)
  const idleMs = known.length > 0 ? Math.min(...known) : (shownMsOf ?? (watchedMs === null ? null : Number.POSITIVE_INFINITY))
  const values = { ...shown?.values, ...(idleMs === null ? {} : { idleMs }), sendsHint: hintMs !== null }
  const side: LimitSide = {
    name,
    role: 'server',
    dialect: shown?.dialect ?? 'any-server',
    values,
    turned: shown?.turned ?? new Set(),
    announcedMs: hintMs,
  }
  return { side, faults: [...announced, ...differs] }
}

const agree = (saidMs: number, seenMs: number): boolean => Number.isFinite(saidMs) && Math.abs(saidMs - seenMs) <= SLACK_MS

const contradicts = (where: string, verb: string, saidMs: number, seenMs: number): LimitFault => ({
  code: 'LIMIT_CONTRADICTION',
  where,
  summary: `it ${verb} an idle connection for ${shownMs(saidMs)}, and closes it at ${shownMs(seenMs)}`,
  evidence: [
    { ledger: 'peer', says: 'said, ms', value: Number.isFinite(saidMs) ? saidMs : 'none' },
    { ledger: 'peer', says: 'seen, ms', value: seenMs },
  ],
  advice: 'believe the measurement: a configuration that was changed may wait for a restart, and something between may close first',
})

const churn = (where: string): LimitFault => ({
  code: 'CONNECTION_CHURN',
  where,
  summary: 'it closes each connection after its answer: every request pays a new one',
  evidence: [{ ledger: 'peer', says: 'Connection header', value: 'close' }],
  advice: 'let it keep connections alive, where that is not on purpose',
})

/** A program that is not Node's, while it runs: seen from outside until it hangs, rests past its deadline, or has served and is idle again. */
import { EMPTY_BOOK, enter, type OutsideBook } from '../diagnosis/outside/book.ts'
import { CLOSING_MS, type Conditions, conditionsOf, STUCK_MS, TOLERANCE_MS } from '../diagnosis/outside/conditions.ts'
import { judgeOutside, type OutsideJudgement, type OutsideRules } from '../diagnosis/outside/judge.ts'
import type { Clock } from '../model/clock.ts'
import type { Allowance, Budget } from '../model/options.ts'
import { lookAt, type OutsideSubject } from '../subjects/outside.ts'

export interface OutsideTerms {
  readonly idleAfterMs: number
  /** Null: none was given, so a service's pools may stay warm. */
  readonly idleTimeoutMs: number | null
  readonly allow: readonly Allowance[]
  readonly budget: Budget
}

/** Why it can be judged now. */
export type OutsideWhy = 'hangs' | 'rests' | 'served'

export interface OutsideWatch {
  /** One look. `isDriven`: no load of ours is under way. Null: not yet. */
  look(isDriven: boolean): Promise<OutsideWhy | null>
  /** Has it ever had a connection? If not there is nothing to judge. */
  hasTalked(): boolean
  judge(why: OutsideWhy | 'ended' | 'cut short', doubts: readonly string[]): OutsideJudgement
  book(): OutsideBook
}

/** @param defaultMs the deadline where none was given. */
export function watchFromOutside(subject: OutsideSubject, terms: OutsideTerms, clock: Clock, defaultMs: number): OutsideWatch {
  const deadlineMs = terms.idleTimeoutMs ?? defaultMs
  let book = EMPTY_BOOK
  let older: ReadonlySet<string> = new Set()
  let hasServed = false
  let servedMs = 0
  let hasTalked = false

  const rulesFor = (given: Partial<OutsideRules> = {}): OutsideRules => ({
    ...terms,
    deadlineMs,
    isContract: terms.idleTimeoutMs !== null,
    shownIdleMs: null,
    isFromStart: true,
    doubts: [],
    ...(hasServed ? { isOlder: (key) => older.has(key), trustsIdle: terms.idleTimeoutMs === null } : {}),
    ...given,
  })

  function note(): void {
    const mine = [...book.connections]
    hasTalked ||= mine.length > 0 || book.gone.length > 0
    const inbound = mine.filter(([, { socket }]) => socket.role === 'inbound')
    hasServed ||= inbound.length > 0 || book.gone.some(({ connection }) => connection.socket.role === 'inbound')
    if (!hasServed) {
      older = new Set(mine.map(([key]) => key))
      servedMs = book.atMs
    } else if (inbound.some(([, each]) => each.quietSinceMs > servedMs || each.firstSeenMs === book.atMs)) servedMs = book.atMs
  }

  return {
    async look(isDriven) {
      book = enter(book, await lookAt([subject], clock))
      note()
      const conditions = conditionsOf(book, subject.name, rulesFor())
      if (hasServed) return isDriven && servedAndIdle(conditions, book.atMs - servedMs, terms.idleAfterMs, deadlineMs) ? 'served' : null
      return jobTurn(conditions, book, subject.name, deadlineMs)
    },
    hasTalked: () => hasTalked,
    book: () => book,
    // After the end one more look tells how exit closed what was open.
    judge: (why, doubts) =>
      judgeOutside(book, subject.name, rulesFor({ isMeantToMove: why === 'hangs', hasEnded: why === 'ended', doubts })),
  }
}

/** Judged once nothing is open any more whose time would still decide it. */
function servedAndIdle(
  { unanswered, busy, stuck, undecided }: Conditions,
  quietMs: number,
  idleAfterMs: number,
  deadlineMs: number,
): boolean {
  const isServing = unanswered.some(({ near }) => near.socket.role === 'inbound')
  if (quietMs < idleAfterMs || isServing) return false
  if (quietMs >= deadlineMs + TOLERANCE_MS) return true
  // What lies there for less than two seconds is not told from what is under way.
  return (
    busy.length === 0 &&
    unanswered.length === 0 &&
    undecided.length === 0 &&
    (stuck.length > 0 || quietMs >= Math.min(STUCK_MS, deadlineMs))
  )
}

/**
 * Work from outside: it hangs when all its connections hold unread data, nothing moves, it uses no CPU and does not sleep by a clock. Short of that it is
 * given its whole deadline: a program that computes, sleeps or waits for an answer is at work.
 */
export function jobTurn(conditions: Conditions, book: OutsideBook, name: string, deadlineMs: number): OutsideWhy | null {
  const { stuck, peerClosed, halfClosed, idlePast, busy, resting, unanswered } = conditions
  const member = book.members.get(name)
  if (member === undefined || member.endedAtMs !== null) return null
  const restsMs = book.atMs - member.restingSinceMs
  const isUnderWay = [...busy, ...resting, ...unanswered].some(({ near }) => near.socket.role === 'outbound')
  const held = [...stuck, ...peerClosed, ...halfClosed, ...idlePast].filter(({ near }) => near.socket.role === 'outbound')
  if (isUnderWay || held.length === 0 || book.atMs - book.lastOpenedMs < STUCK_MS) return null
  if (stuck.length === held.length && restsMs >= STUCK_MS && !member.last.isAsleep) return 'hangs'
  const heldForMs = Math.min(...held.map(({ near }) => book.atMs - near.quietSinceMs))
  return restsMs >= CLOSING_MS && heldForMs >= deadlineMs ? 'rests' : null
}

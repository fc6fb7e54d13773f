/** The plot of a program of another runtime: its work, its end, and what the kernel shows of it until the deadline. */
import { EMPTY_BOOK, enter, isConnection, type OutsideBook } from '../diagnosis/outside/book.ts'
import { conditionsOf, TOLERANCE_MS } from '../diagnosis/outside/conditions.ts'
import { judgeOutside, type OutsideJudgement, type OutsideRules } from '../diagnosis/outside/judge.ts'
import type { Clock } from '../model/clock.ts'
import { lookAt, type OutsideSubject } from '../subjects/outside.ts'
import { jobTurn } from './outside-turn.ts'

/** How its work ended, as far as it did. */
export type WorkEnd = { readonly type: 'at work' } | { readonly type: 'done' } | { readonly type: 'ended'; readonly error: string | null }

export interface ForeignRequest {
  readonly subject: OutsideSubject
  readonly workEnd: () => WorkEnd
  readonly rules: Omit<OutsideRules, 'isMeantToMove' | 'hasEnded' | 'doubts'>
  readonly workTimeoutMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onWorkEnd: () => void
  readonly onLook: (book: OutsideBook) => void
}

export interface ForeignWatched {
  readonly judgement: OutsideJudgement
  /** After the end of its work nothing of it was left after so long; null: something was. */
  readonly returnedToBaselineMs: number | null
}

const LOOK_MS = 200

export async function watchForeign(request: ForeignRequest): Promise<ForeignWatched> {
  const { subject, clock, signal, workTimeoutMs } = request
  const { name } = subject
  const startedMs = clock.nowMs()
  let book = EMPTY_BOOK
  let doneMs: number | null = null
  const judge = (given: Partial<OutsideRules>): OutsideJudgement => judgeOutside(book, name, { ...request.rules, doubts: [], ...given })
  const left = (): ForeignWatched => ({ judgement: judge({}), returnedToBaselineMs: null })
  for (;;) {
    // Asked before the look: what it says of its end was so when we look.
    const end = request.workEnd()
    book = enter(book, await lookAt([subject], clock))
    request.onLook(book)
    if (signal.aborted) return { judgement: judge({ doubts: ['interrupted before the deadline'] }), returnedToBaselineMs: null }
    if (end.type === 'ended') {
      const judgement = judge({ hasEnded: true })
      return { judgement, returnedToBaselineMs: judgement.diagnosis.verdict === 'clean' ? 0 : null }
    }
    if (end.type === 'done' && doneMs === null) {
      doneMs = book.atMs
      request.onWorkEnd()
    }
    if (doneMs === null) {
      const rules = { ...request.rules, doubts: [] }
      if (jobTurn(conditionsOf(book, name, rules), book, name, rules.deadlineMs) === 'hangs')
        return { judgement: judge({ isMeantToMove: true }), returnedToBaselineMs: null }
      if (book.atMs - startedMs >= workTimeoutMs)
        return { judgement: judge({ doubts: ['its work had not ended in time'] }), returnedToBaselineMs: null }
    } else {
      if (isEmpty(book)) return { judgement: judge({}), returnedToBaselineMs: Math.round(book.atMs - doneMs) }
      if (book.atMs - doneMs >= request.rules.deadlineMs + TOLERANCE_MS) return left()
    }
    await clock.sleep(LOOK_MS, signal)
  }
}

/** Whoever asks for goroutines has a connection of theirs: only what the program opened counts. */
const isEmpty = (book: OutsideBook): boolean =>
  [...book.connections.values()].every(({ socket }) => !isConnection(socket) || socket.role !== 'outbound')

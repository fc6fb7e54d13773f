/** Looking at a running system from outside, again and again, until every connection is decided or time is up. */

import { EMPTY_BOOK, enter, type OutsideBook } from '../diagnosis/outside/book.ts'
import { type Conditions, conditionsOf } from '../diagnosis/outside/conditions.ts'
import { judgeOutside, type OutsideJudgement, type OutsideRules } from '../diagnosis/outside/judge.ts'
import type { Clock } from '../model/clock.ts'
import type { Timeline } from '../model/run-record.ts'
import { lookAt, type OutsideSubject } from '../subjects/outside.ts'

export interface OutsideRequest {
  readonly members: readonly OutsideSubject[]
  readonly rules: OutsideRules
  /** How long to look; null: until all is decided, the deadline and a little at most. */
  readonly forMs: number | null
  /** Goes on until it is aborted, or `forMs` have passed. */
  readonly isLive: boolean
  readonly clock: Clock
  /** Aborted: judged as it is. */
  readonly signal: AbortSignal
  /** After each look, for whoever watches along. */
  readonly onLook: (book: OutsideBook) => void
}

export interface OutsideWatched {
  readonly name: string
  /** As of the last look. */
  readonly pids: readonly number[]
  readonly judgement: OutsideJudgement
  readonly timeline: Timeline
}

const LOOK_MS = 250
/** Long enough for what hangs to be told from what is under way (STUCK_MS), and for three looks. */
const LEAST_MS = 2_600
/** A deadline is met within its tolerance (1 s) and the look after it. */
const AFTER_DEADLINE_MS = 1_500
/** Points kept of a timeline; beyond it every second one goes. */
const MOST_POINTS = 600

type Points = Map<string, { readonly tMs: number; readonly sockets: number; readonly descriptors: number | null }[]>

export async function watchOutside(request: OutsideRequest): Promise<readonly OutsideWatched[]> {
  const { members, clock, rules, signal } = request
  const startedMs = clock.nowMs()
  const mostMs = request.forMs ?? (request.isLive ? Number.POSITIVE_INFINITY : rules.deadlineMs + AFTER_DEADLINE_MS)
  const points: Points = new Map()
  let book = EMPTY_BOOK
  for (;;) {
    const look = await lookAt(members, clock)
    book = enter(book, look)
    plot(points, book, startedMs)
    request.onLook(book)
    const afterMs = clock.nowMs() - startedMs
    const isAllGone = look.members.every((member) => member.hasEnded)
    if (signal.aborted || isAllGone || afterMs >= mostMs) break
    if (request.forMs === null && !request.isLive && afterMs >= LEAST_MS && isDecided(book, request)) break
    await clock.sleep(Math.min(LOOK_MS, Math.max(0, mostMs - afterMs)), signal)
  }
  const whole = book
  const wasCut = signal.aborted && !request.isLive
  const judgedBy = wasCut ? { ...rules, doubts: [...rules.doubts, 'interrupted: looked at for a shorter time than asked'] } : rules
  return members.map(({ name }) => ({
    name,
    pids: whole.members.get(name)?.last.pids ?? [],
    judgement: judgeOutside(whole, name, judgedBy),
    timeline: timelineOf(points.get(name) ?? []),
  }))
}

/** Nothing is left that a longer look would judge otherwise. */
const isDecided = (book: OutsideBook, { members, rules }: OutsideRequest): boolean =>
  members.every(({ name }) => isMemberDecided(conditionsOf(book, name, rules)))

/** One who waits for an answer may get it, or has waited past the deadline at the end. */
const isMemberDecided = ({ undecided, unanswered }: Conditions): boolean => undecided.length === 0 && unanswered.length === 0

function plot(points: Points, book: OutsideBook, startedMs: number): void {
  for (const [name, { last }] of book.members) {
    const before = points.get(name) ?? []
    const kept = before.length >= MOST_POINTS ? before.filter((_, index) => index % 2 === 0) : before
    const count = [...book.connections.values()].filter(({ member }) => member === name).length
    kept.push({ tMs: Math.round(book.atMs - startedMs), sockets: count, descriptors: last.descriptors })
    points.set(name, kept)
  }
}

const timelineOf = (
  points: readonly { readonly tMs: number; readonly sockets: number; readonly descriptors: number | null }[],
): Timeline => ({
  workStartedAtMs: null,
  workEndedAtMs: null,
  tMs: points.map(({ tMs }) => tMs),
  sockets: points.map(({ sockets }) => sockets),
  handles: points.map(() => null),
  descriptors: points.map(({ descriptors }) => descriptors),
  lifelines: [],
  lifelinesLeftOut: 0,
})

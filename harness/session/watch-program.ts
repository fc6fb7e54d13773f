/** The plot of a program nobody prepared: it is watched until it ends, hangs, or has served and is idle again; then it is judged. */
import { NO_LIFELINES } from '../diagnosis/lifelines.ts'
import type { Census } from '../model/census.ts'
import type { Clock } from '../model/clock.ts'
import type { Diagnosis } from '../model/diagnosis.ts'
import type { LedgerPage } from '../model/ledger-page.ts'
import type { Allowance, Budget } from '../model/options.ts'
import type { LatencySummary, Timeline } from '../model/run-record.ts'
import type { Executed } from '../subjects/exec-child.ts'
import type { Ending } from '../subjects/exec-start.ts'
import { awaitTurn, type Turn } from './await-turn.ts'
import { IDLE_TIMEOUT_MS, type Judged, judge, unanswered } from './judge-program.ts'
import { type OutsideWatch, type OutsideWhy, watchFromOutside } from './outside-turn.ts'
import { sample } from './timeline.ts'

export interface WatchRequest {
  /** Idle is: has served, nothing in flight, nothing new for so long. */
  readonly idleAfterMs: number
  /** The contract of a service; null: none was given, so its pools may stay warm. */
  readonly idleTimeoutMs: number | null
  readonly timeoutMs: number
  /** What may stay: exemptions with their reason, and how many. */
  readonly allow: readonly Allowance[]
  readonly budget: Budget
  /** Drives the program as soon as it can; null: it waits for whoever comes. */
  readonly load: Drive | null
  /** Aborted: judged as it is. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly cwd: string
}

export interface Driven {
  readonly latencyMs: LatencySummary | null
  /** What went wrong with the load; null: nothing. */
  readonly failure: string | null
  /** Not one good answer came: then nothing was shown of the program under load. */
  readonly isUnanswered: boolean
}

/** Null: the program does not listen yet. `census` has its listeners. */
export type Drive = (census: Census, signal: AbortSignal) => Promise<Driven> | null

export interface Watched {
  readonly diagnosis: Diagnosis
  /** How it ended by itself; null: we ended it. */
  readonly ending: Ending | null
  readonly page: LedgerPage | null
  readonly timeline: Timeline
  readonly latencyMs: LatencySummary | null
  readonly notes: readonly string[]
  /** No Node process was heard of: judged by what the kernel shows. */
  readonly isFromOutside: boolean
}

const SAMPLE_MS = 100

/** Watches and judges; the program still runs afterwards unless it ended by itself. */
export async function watchProgram(program: Executed, request: WatchRequest): Promise<Watched> {
  const { clock } = request
  const startedMs = clock.nowMs()
  using sampler = sample(program, clock, SAMPLE_MS)
  sampler.mark('work')
  const outside = watchFromOutside(program.outside, request, clock, IDLE_TIMEOUT_MS)
  const load = new AbortController()
  try {
    const turn = await awaitTurn(program, request, outside, load)
    sampler.mark('quiesce')
    const afterMs = clock.nowMs() - startedMs
    const told = fromOutside(program, request, turn, outside)
    const { lifelines, notes, ...judged } = told ?? { notes: [], ...(await judge(program, request, turn, afterMs, sampler.peak)) }
    return {
      ...judged,
      isFromOutside: told !== null,
      ending: turn.type === 'ended' ? turn.ending : null,
      timeline: sampler.timeline(lifelines),
      latencyMs: turn.driven?.latencyMs ?? null,
      notes: [...notes, ...(turn.driven?.failure && unanswered(turn).length === 0 ? [turn.driven.failure] : [])],
    }
  } finally {
    load.abort()
  }
}

/** A program of which no Node process was ever heard, and that had a connection: judged by what the kernel shows. Null: it is not one. */
function fromOutside(
  program: Executed,
  request: WatchRequest,
  turn: Turn,
  outside: OutsideWatch,
): (Judged & Pick<Watched, 'notes'>) | null {
  const why = whyOutside(turn)
  if (why === null || program.unheard() === null || !outside.hasTalked()) return null
  const interrupted = request.signal.aborted ? ['interrupted before it ended, or was idle'] : []
  const late = why === 'cut short' && interrupted.length === 0 ? ['it had not ended before --timeout'] : []
  const old = program.oldNode()
  const by = old === null ? 'it is not run by Node' : `it runs on Node ${old}, too old to be looked into`
  const { diagnosis, notes } = outside.judge(why, [...unanswered(turn), ...interrupted, ...late])
  return {
    diagnosis,
    notes: [`judged from outside: ${by}, so no lines are named`, ...notes],
    page: null,
    lifelines: NO_LIFELINES,
  }
}

function whyOutside(turn: Turn): OutsideWhy | 'ended' | 'cut short' | null {
  switch (turn.type) {
    case 'outside':
      return turn.why
    case 'ended':
    case 'cut short':
      return turn.type
    case 'idle':
    case 'hung':
      return null
  }
}

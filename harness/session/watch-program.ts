/** The plot of a program nobody prepared: it is watched until it ends, hangs, or has served and is idle again; then it is judged. */
import { countsOf, diagnose } from '../diagnosis/diagnose.ts'
import { type Lifelines, lifelinesOf, NO_LIFELINES } from '../diagnosis/lifelines.ts'
import type { HungBecause, Material } from '../diagnosis/material.ts'
import { STILL_MS } from '../diagnosis/stalls.ts'
import type { Census } from '../model/census.ts'
import type { Clock } from '../model/clock.ts'
import type { Diagnosis } from '../model/diagnosis.ts'
import type { Frame, LedgerPage } from '../model/ledger-page.ts'
import type { Allowance, Budget, ResolvedOptions } from '../model/options.ts'
import type { LatencySummary, Timeline } from '../model/run-record.ts'
import type { Ending, Executed } from '../subjects/exec-child.ts'
import { awaitTurn, type Turn } from './await-turn.ts'
import { whatExitLeaves } from './last-page.ts'
import { type OutsideWatch, type OutsideWhy, watchFromOutside } from './outside-turn.ts'
import { type Draft, quiesce } from './quiesce.ts'
import { resolveOptions } from './resolve-options.ts'
import { settledSockets, undecided, WARM_POOLS, withoutSingletons } from './service-view.ts'
import { mapFrame, mapPage } from './source-maps.ts'
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
  /** Not one answer came: then nothing was shown of the program under load. */
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

/** Unless somebody says otherwise: back at the baseline so long after the last answer (AIStore's default idle time for peers and clouds, facts.md). */
export const IDLE_TIMEOUT_MS = 6_000
const SAMPLE_MS = 100
/** A second look at a program that hangs by evidence, or was cut short, tells what still moves; its load is being ended meanwhile, and takes what it waited for along. */
const SECOND_LOOK_MS = 500
/** Node's exit code for a top-level await that nothing can settle any more. */
const UNSETTLED_AWAIT = 13

const NOTHING: Census = { atMs: 0, sockets: [], files: null, descriptors: null, handles: null, missing: [] }

/** Watches and judges; the program still runs afterwards unless it ended by itself. */
export async function watchProgram(program: Executed, request: WatchRequest): Promise<Watched> {
  const { clock } = request
  const startedMs = clock.nowMs()
  using sampler = sample(program, clock, SAMPLE_MS)
  sampler.mark('work')
  const outside = watchFromOutside(program.outside, request, clock, IDLE_TIMEOUT_MS)
  const turn = await awaitTurn(program, request, outside)
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
  const { diagnosis, notes } = outside.judge(why, [...unanswered(turn), ...interrupted, ...late])
  return {
    diagnosis,
    notes: ['judged from outside: it is not run by Node, so no lines are named', ...notes],
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

/** A load that got no answer at all leaves open how the program is under load. */
const unanswered = ({ driven }: Turn): readonly string[] => (driven?.isUnanswered && driven.failure !== null ? [driven.failure] : [])

type Judged = Pick<Watched, 'diagnosis' | 'page'> & { readonly lifelines: Lifelines }

/** Judges, and draws what leaked. */
function judgedOf(material: Material): Pick<Judged, 'diagnosis' | 'lifelines'> {
  const diagnosis = diagnose(material)
  return { diagnosis, lifelines: diagnosis.verdict === 'leaked' ? lifelinesOf(material) : NO_LIFELINES }
}

async function judge(program: Executed, request: WatchRequest, turn: Turn, afterMs: number, peak: () => Census | null): Promise<Judged> {
  switch (turn.type) {
    case 'ended':
      return judgeEnded(program, request, turn.ending, afterMs, peak())
    case 'idle':
      return judgeIdle(program, request, turn.baseline, unanswered(turn), peak)
    case 'hung':
      return judgeNow(
        program,
        request,
        { hung: { because: turn.because, afterMs, busyAt: await busyAtOf(program, turn.because) }, doubts: [] },
        peak,
      )
    case 'cut short':
      return judgeNow(program, request, { hung: null, doubts: turn.doubts }, peak)
    case 'outside':
      throw new Error('a program that was seen from outside has had a connection')
  }
}

async function busyAtOf(program: Executed, because: HungBecause): Promise<Frame | null> {
  const frame = because === 'event loop blocked' ? await program.busyAt() : null
  return frame === null ? null : mapFrame(frame)
}

function draftOf(request: WatchRequest, given: Partial<Draft> & { readonly options: ResolvedOptions }): Draft {
  const interrupted = request.signal.aborted ? ['interrupted before it ended, or was idle'] : []
  return {
    baseline: NOTHING,
    workPage: null,
    peers: [],
    recoveries: [],
    hung: null,
    workError: undefined,
    deadlineMs: 0,
    wouldExit: null,
    iterations: [],
    cwd: request.cwd,
    ...given,
    doubts: [...(given.doubts ?? []), ...interrupted],
  }
}

async function judgeEnded(program: Executed, request: WatchRequest, ending: Ending, afterMs: number, peak: Census | null): Promise<Judged> {
  // Of another runtime 13 is a code like any other.
  const isHung = ending.code === UNSETTLED_AWAIT && program.unheard() === null
  const last = await program.lastPage()
  const page = last === null ? null : mapPage(whatExitLeaves(last, isHung))
  const doubts = silenceOf(program, last, ending)
  const { allow, budget } = request
  const options = resolveOptions({ idleConnections: 'trust', budget }, allow)
  const hung = isHung ? ({ because: 'never settled', afterMs } as const) : null
  const draft = draftOf(request, { options, hung, doubts })
  // A page that is not there is said once, in words that fit.
  const level = last === null ? ({ ...options, level: 'off' } as const) : options
  const material: Material = {
    ...draft,
    options: level,
    recount: NOTHING,
    peak: peak ?? NOTHING,
    page,
    earlierPage: null,
    returnedToBaselineMs: null,
  }
  return { ...judgedOf(material), page }
}

/** Why an ended program's last page may not be all there was to say. */
function silenceOf(program: Executed, last: LedgerPage | null, { signal }: Ending): readonly string[] {
  const silent = program.silent()
  if (silent.includes(program.pid) || (last === null && (silent.length > 0 || signal !== null)))
    return [`the program was killed${signal === null ? '' : ` (${signal})`} before it could tell what was open`]
  return last === null ? [program.unheard() ?? 'its last page could not be read'] : []
}

async function judgeIdle(
  program: Executed,
  request: WatchRequest,
  baseline: Census,
  unseen: readonly string[],
  peak: () => Census | null,
): Promise<Judged> {
  const { clock, idleTimeoutMs, allow, budget } = request
  const options =
    idleTimeoutMs === null
      ? resolveOptions({ idleConnections: 'trust', budget }, [WARM_POOLS, ...allow])
      : resolveOptions({ idleTimeoutMs, idleConnections: 'wait', budget }, allow)
  const deadlineMs = idleTimeoutMs ?? IDLE_TIMEOUT_MS
  let raw = NOTHING
  let page: LedgerPage | null = null
  const view = {
    gauge: program.gauge,
    starvedMs: program.starvedMs,
    async census(): Promise<Census> {
      raw = await program.census()
      page = await program.page()
      return page === null ? raw : settledSockets(raw, page)
    },
    // Of the same moment as the census before it.
    page: async () => (page === null ? null : withoutSingletons(page)),
  }
  // A file whose line nobody knows may be a log that is opened once: of a service only those with a line are judged.
  const draft = draftOf(request, { options, baseline: { ...baseline, files: null }, deadlineMs, doubts: unseen })
  const endedMs = clock.nowMs()
  const terms = { atMs: endedMs, deadlineAtMs: endedMs + deadlineMs, starvedMs: program.starvedMs() }
  const first = { ...terms, census: await view.census(), page: await view.page() }
  const seen = await quiesce(view, clock, { ...draft, options: { ...options, signal: request.signal } }, first)
  const back = seen.returnedToBaselineMs
  const mapped = seen.page === null ? null : mapPage(seen.page)
  const whole: LedgerPage | null = page
  const doubts = [...draft.doubts, ...(whole === null ? [] : undecided(mapPage(whole), request.cwd))]
  const { diagnosis, lifelines } = judgedOf({
    ...draft,
    ...seen,
    doubts,
    page: mapped,
    peak: peak() ?? seen.recount,
    returnedToBaselineMs: back === null ? null : Math.max(0, Math.round(back - endedMs)),
  })
  // What was left out of the judgement is there all the same.
  return { diagnosis: { ...diagnosis, recount: countsOf(raw) }, lifelines, page: mapped }
}

async function judgeNow(
  program: Executed,
  request: WatchRequest,
  given: Pick<Draft, 'hung' | 'doubts'>,
  peak: () => Census | null,
): Promise<Judged> {
  const earlierPage = await program.page()
  await request.clock.sleep(given.hung?.because === 'timeout' ? STILL_MS : SECOND_LOOK_MS)
  const seen = await program.census('with handles')
  const last = await program.page()
  const recount = last === null ? seen : settledSockets(seen, last)
  const page = last === null ? null : mapPage(last)
  const unheard = program.unheard()
  // Whatever is idle in a pool keeps nobody: a hang has other causes.
  const { allow, budget } = request
  const options = resolveOptions({ idleConnections: 'trust', budget }, [WARM_POOLS, ...allow])
  const draft = draftOf(request, { ...given, options: unheard === null ? options : { ...options, level: 'off' } })
  // What was cut short holds what it works with: only what nobody will ever come back for counts.
  const judgedPage = given.hung === null && page !== null ? whatExitLeaves(page, false) : page
  const baseline = given.hung === null ? recount : NOTHING
  const judged = judgedOf({
    ...draft,
    baseline,
    recount,
    page: judgedPage,
    earlierPage,
    peak: peak() ?? recount,
    returnedToBaselineMs: null,
  })
  return { ...judged, page }
}

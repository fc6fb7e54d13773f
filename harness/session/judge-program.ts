/** The verdict on a program nobody prepared, at the moment it can be judged (await-turn.ts). */
import { countsOf, diagnose } from '../diagnosis/diagnose.ts'
import { type Lifelines, lifelinesOf, NO_LIFELINES } from '../diagnosis/lifelines.ts'
import type { HungBecause, Material } from '../diagnosis/material.ts'
import { STILL_MS } from '../diagnosis/stalls.ts'
import type { Census } from '../model/census.ts'
import type { Diagnosis } from '../model/diagnosis.ts'
import type { Frame, LedgerPage } from '../model/ledger-page.ts'
import type { ResolvedOptions } from '../model/options.ts'
import type { Executed } from '../subjects/exec-child.ts'
import { UNSETTLED_AWAIT } from '../subjects/exec-protocol.ts'
import type { Ending } from '../subjects/exec-start.ts'
import type { Turn } from './await-turn.ts'
import { whatExitLeaves } from './last-page.ts'
import { type Draft, quiesce } from './quiesce.ts'
import { resolveOptions } from './resolve-options.ts'
import { settledSockets, undecided, WARM_POOLS, withoutSettledPipes, withoutSingletons } from './service-view.ts'
import { mapFrame, mapPage } from './source-maps.ts'
import type { WatchRequest } from './watch-program.ts'

/** Unless somebody says otherwise: back at the baseline so long after the last answer (AIStore's default idle time for peers and clouds, facts.md). */
export const IDLE_TIMEOUT_MS = 6_000
/** A second look at a program that hangs by evidence, or was cut short, tells what still moves. */
const SECOND_LOOK_MS = 500

const NOTHING: Census = { atMs: 0, sockets: [], files: null, descriptors: null, handles: null, missing: [] }

/** A load that got no answer at all leaves open how the program is under load. */
export const unanswered = ({ driven }: Turn): readonly string[] => (driven?.isUnanswered && driven.failure !== null ? [driven.failure] : [])

/** A program that ends while it is loaded, or before, was not shown under that load. */
const unloaded = ({ driven }: Turn, { load }: WatchRequest): readonly string[] =>
  load !== null && driven === null ? ['it ended before the load was over'] : []

export interface Judged {
  readonly diagnosis: Diagnosis
  readonly page: LedgerPage | null
  readonly lifelines: Lifelines
}

/** Judges, and draws what leaked. */
function judgedOf(material: Material): Pick<Judged, 'diagnosis' | 'lifelines'> {
  const diagnosis = diagnose(material)
  return { diagnosis, lifelines: diagnosis.verdict === 'leaked' ? lifelinesOf(material) : NO_LIFELINES }
}

export async function judge(
  program: Executed,
  request: WatchRequest,
  turn: Turn,
  afterMs: number,
  peak: () => Census | null,
): Promise<Judged> {
  switch (turn.type) {
    case 'ended':
      return judgeEnded(program, request, turn, afterMs, peak())
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

async function judgeEnded(
  program: Executed,
  request: WatchRequest,
  turn: Turn & { readonly type: 'ended' },
  afterMs: number,
  peak: Census | null,
): Promise<Judged> {
  const { ending } = turn
  // Of the program's own, or of another runtime, 13 is a code like any other.
  const isHung = ending.code === UNSETTLED_AWAIT && program.isUnsettled()
  const last = await program.lastPage()
  const page = last === null ? null : mapPage(whatExitLeaves(last, isHung))
  const doubts = [...silenceOf(program, last, ending), ...unanswered(turn), ...unloaded(turn, request)]
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
  // It may block its event loop after its time was up: what it answered before says nothing of now.
  const isSilent = given.hung?.because === 'timeout' && last === null && program.ending() === null
  const hung = isSilent
    ? ({ ...given.hung, because: 'event loop blocked', busyAt: await busyAtOf(program, 'event loop blocked') } as const)
    : given.hung
  const recount = last === null ? seen : settledSockets(seen, last)
  const page = last === null ? null : mapPage(last)
  const unheard = program.unheard()
  // Whatever is idle in a pool keeps nobody: a hang has other causes.
  const { allow, budget } = request
  const options = resolveOptions({ idleConnections: 'trust', budget }, [WARM_POOLS, ...allow])
  const draft = draftOf(request, { ...given, hung, options: unheard === null ? options : { ...options, level: 'off' } })
  // What was cut short holds what it works with: only what nobody will ever come back for counts.
  const judgedPage = page === null ? null : given.hung === null ? whatExitLeaves(page, false) : withoutSettledPipes(page)
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

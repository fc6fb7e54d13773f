/** The plot, always the same: warm up, baseline, work, quiesce, recount, diagnose. The only place where eyes meet judgement. */
import { diagnose } from '../diagnosis/diagnose.ts'
import type { Material } from '../diagnosis/material.ts'
import { connectionsOf } from '../diagnosis/residue.ts'
import { deriveDeadlineMs } from '../limits/idle-deadline.ts'
import type { PeerCount } from '../model/backend.ts'
import type { Census } from '../model/census.ts'
import type { Clock } from '../model/clock.ts'
import type { Diagnosis } from '../model/diagnosis.ts'
import type { LedgerPage } from '../model/ledger-page.ts'
import type { ResolvedOptions } from '../model/options.ts'
import type { Subject, WorkOutcome } from '../subjects/subject.ts'
import { mapPage } from './source-maps.ts'
import { stallSignature } from './stall.ts'

export type PlotPhase = 'baseline' | 'work' | 'quiesce'

/** What surrounds a plot; everything but the clock may be left out. */
export interface Stage {
  readonly clock: Clock
  readonly cwd: string
  readonly onPhase?: (phase: PlotPhase) => void
  /** The other side's counts, asked when something is left. */
  readonly countPeers?: () => Promise<readonly PeerCount[]>
  /** The census with the most connections, where somebody sampled. */
  readonly peak?: () => Census | null
  /** Does the work instead of the subject: load from outside. */
  readonly drive?: (iteration: number) => Promise<WorkOutcome>
  /** Work takes a lane, given back when it has ended or looks stalled; waiting takes none. */
  readonly takeLane?: () => Promise<() => void>
  /** The subject has nothing left that would keep it from ending by itself. */
  readonly wouldExit?: () => boolean
}

/** The diagnosis with what it rests on, for whoever goes on from there. */
export interface Played {
  readonly diagnosis: Diagnosis
  readonly baseline: Census
  readonly page: LedgerPage | null
}

/** How often a stall and a change of the gauge are looked for. Gauge: 0.003 ms a look (facts.md), so 10 ms is 0.03 %. */
const POLL_MS = 10
/** Looks at the ledger where the gauge cannot tell: timers and requests have no descriptor. */
const FULL_LOOK_MS = 100
const STALL_POLL_MS = 200
/** What has not changed for so long stands still. */
const STILL_MS = 1_000
/** A second look at work that ran out of time tells what still moves. */
const SECOND_LOOK_MS = 500

/** Work that hangs has not ended, so no idle deadline runs: what it holds is judged at once, a stall having been watched already. */
const patienceWithHung = (hung: 'stalled' | 'timeout' | 'event loop blocked'): number => (hung === 'stalled' ? 0 : SECOND_LOOK_MS)

/** A baseline is two equal counts this far apart. */
const STEADY_MS = 20
const STEADY_LOOKS = 25

export async function playPlot(subject: Subject, options: ResolvedOptions, stage: Stage): Promise<Played> {
  const { clock } = stage
  for (let round = 0; round < options.warmUp; round += 1) await subject.runWork(round)

  stage.onPhase?.('baseline')
  await steady(subject, clock)
  const baseline = await subject.census('with handles')

  const leaveLane = (await stage.takeLane?.()) ?? (() => {})
  stage.onPhase?.('work')
  const startedMs = clock.nowMs()
  const work = await playWork(subject, options, stage, leaveLane)
  const endedMs = clock.nowMs()
  const atEnd = await subject.census()
  if (options.idleConnections === 'flush') await subject.closeIdle()
  const pageAtWorkEnd = await subject.page()

  stage.onPhase?.('quiesce')
  const deadlineMs = options.idleTimeoutMs ?? deriveDeadlineMs(negotiated(pageAtWorkEnd))
  const doubts = [...(work.outcome.type === 'exited' ? [`the subject ended during the work (${work.outcome.how})`] : [])]
  const draft = {
    baseline,
    peers: [],
    hung: work.hung === null ? null : { because: work.hung, afterMs: endedMs - startedMs },
    workError: work.outcome.type === 'threw' ? work.outcome.error : undefined,
    deadlineMs,
    wouldExit: null,
    doubts,
    options,
    cwd: stage.cwd,
  }
  const patienceMs = work.hung === null ? deadlineMs : Math.min(deadlineMs, patienceWithHung(work.hung))
  const seen = await quiesce(subject, stage, draft, {
    atMs: endedMs,
    census: atEnd,
    page: pageAtWorkEnd,
    deadlineAtMs: endedMs + patienceMs,
  })
  const interrupted = options.signal?.aborted === true ? ['interrupted before the deadline'] : []
  const recount = { ...seen.recount, handles: (await subject.census('with handles')).handles }
  const material: Material = {
    ...draft,
    ...seen,
    recount,
    page: seen.page === null ? null : mapPage(seen.page),
    peak: highest([atEnd, seen.recount, stage.peak?.() ?? null]),
    peers: seen.returnedToBaselineMs === null ? await peersOf(stage) : [],
    returnedToBaselineMs: seen.returnedToBaselineMs === null ? null : Math.max(0, Math.round(seen.returnedToBaselineMs - endedMs)),
    wouldExit: stage.wouldExit?.() ?? null,
    doubts: [...doubts, ...interrupted],
  }
  return { diagnosis: diagnose(material), baseline, page: seen.page }
}

async function peersOf(stage: Stage): Promise<readonly PeerCount[]> {
  try {
    return (await stage.countPeers?.()) ?? []
  } catch {
    // The other side's counts are extra evidence; without them the verdict stands on the other three ledgers.
    return []
  }
}

function highest(candidates: readonly (Census | null)[]): Census {
  const [first, ...rest] = candidates.filter((census) => census !== null)
  if (first === undefined) throw new Error('a plot has at least one census')
  return rest.reduce((top, census) => (connectionsOf(census).length > connectionsOf(top).length ? census : top), first)
}

function negotiated(page: LedgerPage | null) {
  return (page?.sockets ?? [])
    .filter((socket) => socket.role === 'outbound' && socket.iteration >= 0)
    .map((socket) => ({ clientMs: socket.idleTimeoutMs, serverHintMs: socket.serverHintMs }))
}

/** Waits for two equal counts in a row: what is still coming up or going down would be taken for residue. */
async function steady(subject: Subject, clock: Clock): Promise<void> {
  let previous = await subject.census()
  for (let look = 0; look < STEADY_LOOKS; look += 1) {
    await clock.sleep(STEADY_MS)
    const census = await subject.census()
    if (census.descriptors === previous.descriptors && connectionsOf(census).length === connectionsOf(previous).length) return
    previous = census
  }
}

interface PlayedWork {
  readonly outcome: WorkOutcome
  readonly hung: 'stalled' | 'timeout' | 'event loop blocked' | null
}

async function playWork(subject: Subject, options: ResolvedOptions, stage: Stage, leaveLane: () => void): Promise<PlayedWork> {
  let last: PlayedWork = { outcome: { type: 'done' }, hung: null }
  for (let iteration = 0; iteration < options.iterations; iteration += 1) {
    await subject.beginWork(iteration)
    const running = stage.drive === undefined ? subject.runWork(options.warmUp + iteration) : stage.drive(iteration)
    last = await settleOrHang(running, subject, options, stage.clock, leaveLane)
    if (last.hung !== null || last.outcome.type !== 'done') break
  }
  leaveLane()
  await subject.endWork()
  return last
}

/** Waits for the work, but not for ever: until it times out, stalls by evidence, or the caller gives up. */
async function settleOrHang(
  running: Promise<WorkOutcome>,
  subject: Subject,
  options: ResolvedOptions,
  clock: Clock,
  leaveLane: () => void,
): Promise<PlayedWork> {
  const settled = new AbortController()
  const finished = running.then((outcome): PlayedWork => {
    settled.abort()
    return { outcome, hung: null }
  })
  const givenUp: PlayedWork['outcome'] = { type: 'done' }
  const timedOut = clock.sleep(options.workTimeoutMs, settled.signal).then((): Promise<PlayedWork> => hungNow(subject, givenUp))
  const stalled = options.stallMs === null ? never<PlayedWork>() : watchForStall(subject, options.stallMs, clock, settled.signal, leaveLane)
  const aborted = abortOf(options.signal, settled.signal).then((): PlayedWork => ({ outcome: givenUp, hung: null }))
  try {
    return await Promise.race([finished, whileOpen(timedOut, settled.signal), stalled, aborted])
  } finally {
    settled.abort()
  }
}

async function hungNow(subject: Subject, outcome: WorkOutcome): Promise<PlayedWork> {
  return { outcome, hung: (await subject.page()) === null ? 'event loop blocked' : 'timeout' }
}

const never = <T>(): Promise<T> => new Promise<T>(() => {})

/** A sleep that was cut short because the work settled must not win the race. */
async function whileOpen<T>(promise: Promise<T>, settled: AbortSignal): Promise<T> {
  const value = await promise
  return settled.aborted ? never<T>() : value
}

function abortOf(signal: AbortSignal | null, settled: AbortSignal): Promise<void> {
  if (signal === null) return never()
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true, signal: settled })
  })
}

async function watchForStall(
  subject: Subject,
  stallMs: number,
  clock: Clock,
  settled: AbortSignal,
  leaveLane: () => void,
): Promise<PlayedWork> {
  let signature: string | null = null
  let sinceMs = clock.nowMs()
  while (!settled.aborted) {
    await clock.sleep(STALL_POLL_MS, settled)
    const page = await subject.page()
    const now = page === null ? null : stallSignature(page)
    if (now === null || now !== signature) {
      signature = now
      sinceMs = clock.nowMs()
    } else {
      // Nothing moves: whoever waits for its turn may have it meanwhile.
      leaveLane()
      if (clock.nowMs() - sinceMs >= stallMs) return { outcome: { type: 'done' }, hung: 'stalled' }
    }
  }
  return never()
}

interface Look {
  readonly atMs: number
  readonly census: Census
  readonly page: LedgerPage | null
}

interface Quiesced {
  readonly recount: Census
  readonly page: LedgerPage | null
  /** A page from shortly before: what differs still moves. */
  readonly earlierPage: LedgerPage | null
  /** Clock time when everything was back for the first time; null: not by the deadline. */
  readonly returnedToBaselineMs: number | null
}

/** Everything the verdict needs but the recount itself. */
type Draft = Omit<Material, 'recount' | 'page' | 'earlierPage' | 'peak' | 'returnedToBaselineMs'>

/** Findings that only time out of our reach could mend: under 'trust' there is nothing to wait for. */
const NEVER_CLOSES_BY_ITSELF: ReadonlySet<string> = new Set(['IDLE_PAST_DEADLINE', 'CLIENT_PER_CALL'])

/**
 * Until the diagnosis of the present moment has nothing against it, or the deadline has passed. The descriptor gauge says when to look;
 * what has no descriptor is looked for every 100 ms. Whatever ends the wait early is confirmed by a second look: a connection may be closing.
 */
async function quiesce(subject: Subject, stage: Stage, draft: Draft, first: Look & { readonly deadlineAtMs: number }): Promise<Quiesced> {
  const { clock } = stage
  let look: Look = first
  let recent: readonly Look[] = [first]
  let sinceMs: number | null = null
  let gauge = subject.gauge()
  let lookedAtMs = clock.nowMs()
  for (;;) {
    const { page } = look
    const earlierPage = recent[0]?.page ?? null
    const present = diagnose({ ...draft, recount: look.census, page, earlierPage, peak: look.census, returnedToBaselineMs: null })
    const blocking = present.findings.filter((finding) => finding.severity === 'leak' || finding.code === 'POOL_STARVED')
    if (blocking.length === 0) {
      if (sinceMs !== null) return { recount: look.census, page, earlierPage, returnedToBaselineMs: sinceMs }
      sinceMs = clock.nowMs()
    } else {
      sinceMs = null
      const nothingToWaitFor =
        draft.options.idleConnections === 'trust' && blocking.every((finding) => NEVER_CLOSES_BY_ITSELF.has(finding.code)) && look !== first
      const interrupted = draft.options.signal?.aborted === true
      if (clock.nowMs() >= first.deadlineAtMs || nothingToWaitFor || interrupted)
        return { recount: look.census, page, earlierPage, returnedToBaselineMs: null }
    }
    for (;;) {
      const nowMs = clock.nowMs()
      const nextMs = sinceMs === null ? Math.min(lookedAtMs + FULL_LOOK_MS, first.deadlineAtMs) : nowMs
      await clock.sleep(Math.max(1, Math.min(POLL_MS, nextMs - nowMs || POLL_MS)), draft.options.signal ?? undefined)
      const changed = subject.gauge() !== gauge || gauge === null
      if (changed || sinceMs !== null || clock.nowMs() >= nextMs || draft.options.signal?.aborted === true) break
    }
    gauge = subject.gauge()
    look = { atMs: clock.nowMs(), census: await subject.census(), page: await subject.page() }
    lookedAtMs = clock.nowMs()
    recent = [...recent, look].filter((each, index, all) => index >= all.length - 2 || lookedAtMs - each.atMs <= STILL_MS)
  }
}

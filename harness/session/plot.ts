/** The plot, always the same: warm up, baseline, work, quiesce, recount, diagnose. The only place where eyes meet judgement. */
import { countsOf, diagnose } from '../diagnosis/diagnose.ts'
import { type Lifelines, lifelinesOf, NO_LIFELINES } from '../diagnosis/lifelines.ts'
import { poolsInDoubt } from '../diagnosis/lost-slots.ts'
import type { Material } from '../diagnosis/material.ts'
import { connectionsOf } from '../diagnosis/residue.ts'
import { STILL_MS } from '../diagnosis/stalls.ts'
import { deriveDeadlineMs, UNNAMED_DEADLINE_MS } from '../limits/idle-deadline.ts'
import type { PeerCount } from '../model/backend.ts'
import type { Census } from '../model/census.ts'
import type { Clock } from '../model/clock.ts'
import type { Diagnosis } from '../model/diagnosis.ts'
import type { LedgerPage, PoolRecovery } from '../model/ledger-page.ts'
import type { ResolvedOptions } from '../model/options.ts'
import type { Subject } from '../subjects/subject.ts'
import { iterationCounter } from './count-iterations.ts'
import { withNothingOpen } from './last-page.ts'
import { type Hang, playWork, warmUp } from './play-work.ts'
import { quiesce } from './quiesce.ts'
import { mapFrame, mapPage } from './source-maps.ts'
import type { Stage } from './stage.ts'

/** The diagnosis with what it rests on, for whoever goes on from there. */
export interface Played {
  readonly diagnosis: Diagnosis
  readonly baseline: Census
  readonly page: LedgerPage | null
  /** Of what leaked. */
  readonly lifelines: Lifelines
}

/** A baseline is two equal counts this far apart. */
const STEADY_MS = 20
const STEADY_LOOKS = 25

/** Work that hangs has not ended, so no idle deadline runs: what it holds is judged as soon as it has been seen to stand still. Only work that ran out of time has not been watched yet. */
const patienceWithHung = (hung: Hang): number => (hung === 'timeout' ? STILL_MS : 0)

export async function playPlot(subject: Subject, options: ResolvedOptions, stage: Stage): Promise<Played> {
  const { clock } = stage
  const warm = await warmUp(subject, options, clock)

  stage.onPhase?.('baseline')
  if (stage.isBusyAround !== true) await steady(subject, clock)
  const baseline = await subject.census('with handles')

  const leaveLane = (await stage.takeLane?.()) ?? (() => {})
  stage.onPhase?.('work')
  const startedMs = clock.nowMs()
  // A warm-up that hangs or throws is the work's own first word: running it again would say the same.
  const isWarm = warm.hung === null && warm.outcome.type === 'done'
  const counter = iterationCounter(subject, clock, options.iterations)
  const work = isWarm ? await playWork(subject, options, stage, leaveLane, counter.after) : warm
  leaveLane()
  const endedMs = clock.nowMs()
  const starvedMs = subject.starvedMs()
  // Before anything is looked at: the work ends here, not a census and a page later.
  stage.onPhase?.('quiesce')
  const atEnd = await subject.census()
  if (options.idleConnections === 'flush') await subject.closeIdle()
  const pageAtWorkEnd = await subject.page()

  const unnamedMs = options.idleConnections === 'wait' ? deriveDeadlineMs(negotiated(pageAtWorkEnd)) : UNNAMED_DEADLINE_MS
  const deadlineMs = options.idleTimeoutMs ?? unnamedMs
  const doubts = [...(work.outcome.type === 'exited' ? [`the subject ended during the work (${work.outcome.how})`] : [])]
  const draft = {
    baseline,
    workPage: pageAtWorkEnd === null ? null : mapPage(pageAtWorkEnd),
    peers: [],
    recoveries: [],
    hung: await hungOf(subject, work.hung, endedMs - startedMs),
    workError: work.outcome.type === 'threw' ? work.outcome.error : undefined,
    deadlineMs,
    wouldExit: null,
    doubts,
    iterations: counter.counts(),
    options,
    cwd: stage.cwd,
  }
  const patienceMs = work.hung === null ? deadlineMs : patienceWithHung(work.hung)
  // Where the subject shares our event loop, nothing could close while we looked for the first time. Without patience there is nothing to add to.
  const since =
    subject.pid === process.pid && patienceMs > 0 ? { ms: clock.nowMs(), starvedMs: subject.starvedMs() } : { ms: endedMs, starvedMs }
  const terms = { atMs: endedMs, deadlineAtMs: since.ms + patienceMs, starvedMs: since.starvedMs }
  const seen = await quiesce(subject, clock, draft, { ...terms, census: atEnd, page: pageAtWorkEnd })
  // Work may block its event loop after its time was up: what it answered then says nothing of now.
  const isSilent = work.hung === 'timeout' && options.level !== 'off' && seen.page === null && subject.gauge() !== null
  // Of a subject that has gone nothing is seen that could be back.
  const backAtMs = seen.page === null && seen.recount.sockets === null ? null : seen.returnedToBaselineMs
  const interrupted = options.signal?.aborted === true ? ['interrupted before the deadline'] : []
  const recount = { ...seen.recount, handles: (await subject.census('with handles')).handles }
  // What was interrupted has not ended, or had time left: whatever is open may still be closed.
  const isCut = interrupted.length > 0 && work.hung === null
  const mapped = seen.page === null ? null : mapPage(seen.page)
  const material: Material = {
    ...draft,
    ...seen,
    ...(isCut ? { baseline: recount } : {}),
    hung: isSilent ? await hungOf(subject, 'event loop blocked', endedMs - startedMs) : draft.hung,
    recount,
    page: mapped !== null && isCut ? withNothingOpen(mapped) : mapped,
    peak: highest([atEnd, seen.recount, stage.peak?.() ?? null]),
    recoveries: seen.returnedToBaselineMs === null ? await recoveriesOf(subject, seen.page) : [],
    peers: seen.returnedToBaselineMs === null || needsPeers(seen.page, options) ? await peersOf(stage) : [],
    returnedToBaselineMs: backAtMs === null ? null : Math.max(0, Math.round(backAtMs - endedMs)),
    wouldExit: stage.wouldExit?.() ?? null,
    doubts: [...doubts, ...interrupted],
  }
  const diagnosis = { ...diagnose(material), baseline: countsOf(baseline) }
  return { diagnosis, baseline, page: seen.page, lifelines: diagnosis.verdict === 'leaked' ? lifelinesOf(material) : NO_LIFELINES }
}

/** Only pools in which something is left that nothing could give back: asking opens connections. */
async function recoveriesOf(subject: Subject, page: LedgerPage | null): Promise<readonly PoolRecovery[]> {
  if (subject.askPool === undefined) return []
  const answers = await Promise.all(poolsInDoubt(page).map((poolId) => subject.askPool?.(poolId)))
  return answers.filter((answer) => answer != null)
}

/** What the other side says of its idle timeout tells a race from a reset, however clean the rest. */
const needsPeers = (page: LedgerPage | null, { judgeLimits }: ResolvedOptions): boolean =>
  judgeLimits || (page !== null && page.resets.length > 0)

async function hungOf(subject: Subject, because: Hang | null, afterMs: number): Promise<Material['hung']> {
  if (because === null) return null
  const frame = because === 'event loop blocked' ? ((await subject.busyAt?.()) ?? null) : null
  return { because, afterMs, busyAt: frame === null ? null : mapFrame(frame) }
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
  let gauge = subject.gauge()
  let previous = await subject.census()
  for (let look = 0; look < STEADY_LOOKS; look += 1) {
    await clock.sleep(STEADY_MS)
    const present = subject.gauge()
    const isMoving = present !== null && present !== gauge
    gauge = present
    if (isMoving) continue
    const census = await subject.census()
    if (census.descriptors === previous.descriptors && connectionsOf(census).length === connectionsOf(previous).length) return
    previous = census
  }
}

/** The proof: release the suspects, ask the pool again, report what happened. Cause shown, not inferred. */
import { countsOf, diagnose } from '../diagnosis/diagnose.ts'
import type { Census } from '../model/census.ts'
import type { Clock } from '../model/clock.ts'
import type { ResolvedOptions } from '../model/options.ts'
import type { Proof } from '../model/run-record.ts'
import type { Subject } from '../subjects/subject.ts'

/** A pool that has not answered by then is wedged; and so long may the way back to the baseline take. */
const PATIENCE_MS = 5_000
/** Between two questions, each of which costs both processes some ms: a tenth of the time waited so far, which is how exact the figures are. */
const POLL_MS = 2
const pauseAfter = (waitedMs: number): number => Math.max(POLL_MS, waitedMs / 10)

/**
 * Changes the subject: lets go of every unread body, waits for the first blocked request to be answered, then makes the work give up and
 * releases what that leaves, until everything is back.
 * @param wasBlocked whether requests were queued.
 */
export async function prove(
  subject: Subject,
  clock: Clock,
  options: ResolvedOptions,
  baseline: Census,
  wasBlocked: boolean,
): Promise<Proof | null> {
  const before = await subject.page()
  if (before === null) return null
  const startMs = clock.nowMs()
  const released = await subject.releaseBodies()
  // Timers, servers, sockets of the subject's own: nothing we could let go of.
  if (released === 0 && (await subject.closeIdle()) === 0) return null
  const answeredInMs = wasBlocked ? await answered(subject, clock, before.counts.ok + before.counts.failed, startMs) : null
  await subject.abandonWork()
  const baselineInMs = await backAtBaseline(subject, clock, options, baseline, startMs)
  return { released, answeredInMs, baselineInMs }
}

async function answered(subject: Subject, clock: Clock, countBefore: number, startMs: number): Promise<number | null> {
  while (clock.nowMs() - startMs < PATIENCE_MS) {
    const page = await subject.page()
    if (page !== null && page.counts.ok + page.counts.failed > countBefore) return Math.round(clock.nowMs() - startMs)
    await clock.sleep(pauseAfter(clock.nowMs() - startMs))
  }
  return null
}

async function backAtBaseline(
  subject: Subject,
  clock: Clock,
  options: ResolvedOptions,
  baseline: Census,
  startMs: number,
): Promise<number | null> {
  while (clock.nowMs() - startMs < PATIENCE_MS) {
    await subject.releaseBodies()
    await subject.closeIdle()
    const recount = await subject.census()
    const page = await subject.page()
    const counts = countsOf(recount)
    const left = diagnose({
      baseline,
      peak: recount,
      recount,
      earlierPage: null,
      // What was collected stays so, and what found no descriptor has failed, whatever is released now.
      page: page === null ? null : { ...page, rescued: [], resets: [], exhausted: null },
      workPage: null,
      peers: [],
      recoveries: [],
      hung: null,
      workError: undefined,
      deadlineMs: 0,
      returnedToBaselineMs: null,
      wouldExit: null,
      doubts: [],
      iterations: [],
      // Limits were judged by what the work did; nothing of that is left to come back.
      options: { ...options, limits: null, judgeLimits: false },
      cwd: '/',
    })
    const isBack = left.findings.every((finding) => finding.severity === 'churn' || finding.severity === 'note')
    if (isBack && (counts.sockets ?? 0) <= (countsOf(baseline).sockets ?? 0)) return Math.round(clock.nowMs() - startMs)
    await clock.sleep(pauseAfter(clock.nowMs() - startMs))
  }
  return null
}

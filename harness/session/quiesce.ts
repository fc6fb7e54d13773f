/** Waiting until everything is back, or time is up. */
import { diagnose } from '../diagnosis/diagnose.ts'
import type { Material } from '../diagnosis/material.ts'
import { connectionsOf } from '../diagnosis/residue.ts'
import { STILL_MS } from '../diagnosis/stalls.ts'
import { negotiatedIdleMs } from '../limits/idle-deadline.ts'
import type { Census } from '../model/census.ts'
import type { Clock } from '../model/clock.ts'
import type { Finding } from '../model/finding.ts'
import type { LedgerPage } from '../model/ledger-page.ts'
import type { Subject } from '../subjects/subject.ts'
import { type DeadlineTerms, patientDeadline } from './patient-deadline.ts'

/** How often a change of the gauge is looked for, 0.003 ms a look (facts.md): every 10 ms, and after a long wait every 50, because waking up costs ten times the look. */
const POLL_MS = { first: 10, shareOfWait: 0.005, longest: 50 } as const
/**
 * Looks at the ledger where the gauge cannot tell: timers and requests have no descriptor. Every 100 ms at first; a look costs both processes some ms, so the
 * longer the wait, the rarer: what comes back after 5 s is seen half a second late at most.
 */
const LEDGER_LOOK_MS = { first: 100, shareOfWait: 0.1, longest: 1_000 } as const
/** While connections that must close are open, nothing can be back before the gauge has moved: then a look is for the report alone. */
const HELD_LOOK_MS = { first: 1_000, shareOfWait: 0.3, longest: 5_000 } as const
type Pace = typeof POLL_MS | typeof LEDGER_LOOK_MS | typeof HELD_LOOK_MS
const pauseAfter = (waitedMs: number, { first, shareOfWait, longest }: Pace): number =>
  Math.min(longest, Math.max(first, waitedMs * shareOfWait))
export interface Look {
  readonly atMs: number
  readonly census: Census
  readonly page: LedgerPage | null
}

export interface Quiesced {
  readonly recount: Census
  readonly page: LedgerPage | null
  /** A page from shortly before: what differs still moves. */
  readonly earlierPage: LedgerPage | null
  /** Clock time when everything was back for the first time; null: not by the deadline. */
  readonly returnedToBaselineMs: number | null
}

/** Everything the verdict needs but the recount itself. */
export type Draft = Omit<Material, 'recount' | 'page' | 'earlierPage' | 'peak' | 'returnedToBaselineMs'>

/** Findings that only time out of our reach could mend: under 'trust' there is nothing to wait for. */
const NEVER_CLOSES_BY_ITSELF: ReadonlySet<string> = new Set(['IDLE_PAST_DEADLINE', 'CLIENT_PER_CALL'])

/**
 * Connections that both sides have said to keep for longer than the contract: the subject's waiting for a core has not kept them. Were they excused, a peer
 * that closes late would be in time on a busy machine.
 */
function areKeptOnPurpose(blocking: readonly Finding[], page: LedgerPage | null, contractMs: number): boolean {
  const idle = page?.sockets.filter((socket) => socket.isIdle) ?? []
  return (
    idle.length > 0 &&
    blocking.length > 0 &&
    blocking.every((finding) => NEVER_CLOSES_BY_ITSELF.has(finding.code)) &&
    idle.every(({ idleTimeoutMs, serverHintMs }) => {
      const keptMs = negotiatedIdleMs({ clientMs: idleTimeoutMs, serverHintMs })
      return Number.isFinite(keptMs) && keptMs > contractMs
    })
  )
}

/** Findings other than leaks about what is still open. */
const STILL_HOLDS: ReadonlySet<string> = new Set(['POOL_STARVED', 'TIMEOUT_INEFFECTIVE'])

/** Nothing was opened at all: then nothing can be closing either, and one look is enough. */
function isUntouched(baseline: Census, { census, page }: Look): boolean {
  if (page === null || census.descriptors === null || census.descriptors !== baseline.descriptors) return false
  return page.counts.sent === 0 && page.counts.connectionsOpened === 0 && page.handles.length === 0
}

/** Asked of the event loop or of libuv and not there yet: it has no descriptor, and what it opens is still to come. */
const COMING = /^(?:FSReq|GetAddrInfo|GetNameInfo|Query|Immediate)/

function isComing({ handles: before }: Census, { handles }: Census): boolean {
  return Object.entries(handles ?? {}).some(([type, count]) => COMING.test(type) && count > (before?.[type] ?? 0))
}

/** More connections than the baseline and the budget allow, all of which are to close; an allowance might excuse one. */
function isHeld({ baseline, iterations, options }: Draft, { census }: Look): boolean {
  const { allow, budget, idleConnections, sharedAllow } = options
  if (idleConnections !== 'wait' || iterations.length > 0 || allow.length + sharedAllow.length > 0) return false
  return connectionsOf(census).length > connectionsOf(baseline).length + budget.sockets
}

/**
 * Until the diagnosis of the present moment has nothing against it, or the deadline has passed. The descriptor gauge says when to look;
 * what has no descriptor is looked for every 100 ms and then ever more rarely. Whatever ends the wait early is confirmed by a second look: a connection may be closing.
 */
export async function quiesce(
  subject: Pick<Subject, 'census' | 'page' | 'gauge' | 'starvedMs' | 'takeTurns'>,
  clock: Clock,
  draft: Draft,
  first: Look & DeadlineTerms,
): Promise<Quiesced> {
  let look: Look = first
  let recent: readonly Look[] = [first]
  let sinceMs: number | null = null
  let gauge = subject.gauge()
  let lookedAtMs = clock.nowMs()
  const deadline = patientDeadline(first, subject.starvedMs)
  for (;;) {
    const { page } = look
    const earlierPage = recent[0]?.page ?? null
    const present = diagnose({ ...draft, recount: look.census, page, earlierPage, peak: look.census, returnedToBaselineMs: null })
    const blocking = present.findings.filter((finding) => finding.severity === 'leak' || STILL_HOLDS.has(finding.code))
    const endsAtMs = areKeptOnPurpose(blocking, page, draft.deadlineMs) ? deadline.unmendedAtMs : deadline.atMs
    // What the work waits for is not stalled at first sight, whether anything else is held or not.
    const isTooEarly = draft.hung?.because === 'timeout' && look.atMs < deadline.atMs()
    const interrupted = draft.options.signal?.aborted === true
    if (blocking.length === 0 && !isTooEarly) {
      if (look === first && isUntouched(draft.baseline, look)) {
        // What the work set going without waiting for it has had no turn yet.
        await subject.takeTurns?.()
        look = { census: await subject.census('with handles'), page: await subject.page(), atMs: clock.nowMs() }
        if (isUntouched(draft.baseline, look) && !isComing(draft.baseline, look.census))
          return { recount: look.census, page: look.page, earlierPage, returnedToBaselineMs: first.atMs }
        continue
      }
      if (!isComing(draft.baseline, look.census) || look.atMs >= endsAtMs() || interrupted) {
        if (sinceMs !== null) return { recount: look.census, page, earlierPage, returnedToBaselineMs: sinceMs }
        sinceMs = clock.nowMs()
      } else sinceMs = null
    } else {
      sinceMs = null
      const nothingToWaitFor =
        !isTooEarly &&
        draft.options.idleConnections === 'trust' &&
        blocking.every((finding) => NEVER_CLOSES_BY_ITSELF.has(finding.code)) &&
        look !== first
      if (look.atMs >= endsAtMs() || nothingToWaitFor || interrupted)
        return { recount: look.census, page, earlierPage, returnedToBaselineMs: null }
    }
    let hasMoved = true
    for (;;) {
      const nowMs = clock.nowMs()
      const pace = look !== first && isHeld(draft, look) ? HELD_LOOK_MS : LEDGER_LOOK_MS
      const deadlineAtMs = endsAtMs()
      // What the last look finds is held against one from a second before.
      const atLatestMs = lookedAtMs < deadlineAtMs - STILL_MS ? deadlineAtMs - STILL_MS : deadlineAtMs
      const nextMs = sinceMs === null ? Math.min(lookedAtMs + pauseAfter(lookedAtMs - first.atMs, pace), atLatestMs) : nowMs
      const pollMs = sinceMs === null ? pauseAfter(nowMs - first.atMs, POLL_MS) : POLL_MS.first
      const asleepMs = Math.max(1, Math.min(pollMs, nextMs - nowMs || pollMs))
      await clock.sleep(asleepMs, draft.options.signal ?? undefined)
      deadline.forgive(clock.nowMs() - nowMs - asleepMs)
      hasMoved = subject.gauge() !== gauge || gauge === null
      if (hasMoved || sinceMs !== null || clock.nowMs() >= nextMs || draft.options.signal?.aborted === true) break
    }
    gauge = subject.gauge()
    // As many descriptors as before are as many sockets; a look that may decide counts them anew.
    const mayDecide =
      sinceMs !== null || clock.nowMs() >= deadline.unmendedAtMs() || look === first || draft.options.signal?.aborted === true
    const wasComing = isComing(draft.baseline, look.census)
    const isAsBefore = !hasMoved && !mayDecide && !wasComing && draft.iterations.length === 0
    const census = isAsBefore
      ? look.census
      : await subject.census(draft.iterations.length > 0 || sinceMs !== null || wasComing ? 'with handles' : undefined)
    const atMs = clock.nowMs()
    look = { atMs, census, page: await subject.page() }
    lookedAtMs = clock.nowMs()
    // A subject in a process of its own that does not answer does nothing else either.
    deadline.forgive(lookedAtMs - atMs)
    recent = [...recent, look].filter((each, index, all) => index >= all.length - 2 || lookedAtMs - each.atMs <= STILL_MS)
  }
}

/** A running system as a record: one run for each process or container that was watched, named as its layer. */
import { availableParallelism, loadavg } from 'node:os'
import { placeOf } from '../diagnosis/compose.ts'
import type { OutsideBook } from '../diagnosis/outside/book.ts'
import type { Place } from '../model/finding.ts'
import type { Allowance, Budget } from '../model/options.ts'
import type { RunRecord, ScenarioRun } from '../model/run-record.ts'
import { IDLE_TIMEOUT_MS } from '../session/judge-program.ts'
import { realClock } from '../session/real-clock.ts'
import { type OutsideWatched, watchOutside } from '../session/watch-outside.ts'
import { firstBusyFrame } from '../subjects/busy-frame.ts'
import { type ContainerFacts, watchContainer } from '../subjects/container.ts'
import type { OutsideSubject } from '../subjects/outside.ts'
import { nameOfPid, watchPid } from '../subjects/pid.ts'
import { withGoroutines } from '../subjects/prometheus.ts'
import { TOOL_VERSION } from '../subjects/version.ts'

/** Who is to be watched, as the caller found it. */
export type Attached = {
  /** Its layer; null: what it is called. */
  readonly name: string | null
  /** Where it tells its goroutines; null: nowhere. */
  readonly goroutines: URL | null
} & ({ readonly pid: number } | { readonly container: ContainerFacts })

export interface AttachRequest {
  readonly attached: readonly Attached[]
  /** Null: 6 s, and callers' connections may stay as long as they like. */
  readonly idleTimeoutMs: number | null
  readonly shownIdleMs: number | null
  readonly forMs: number | null
  readonly isLive: boolean
  readonly allow: readonly Allowance[]
  readonly budget: Budget
  readonly docker: boolean
  /** Of a Node process that hangs: its inspector may be opened and closed again, to name the line it never leaves. */
  readonly mayInspect: boolean
  readonly signal: AbortSignal
  readonly onLook: (book: OutsideBook) => void
}

/** @throws {HarnessError} for who is not there, or may not be looked at; before anything was judged. */
export async function attachTo(request: AttachRequest): Promise<RunRecord> {
  const startedMs = realClock.nowMs()
  const contended = (loadavg()[0] ?? 0) > availableParallelism()
  const members = request.attached.map(subjectOf)
  const { idleTimeoutMs, shownIdleMs, allow, budget } = request
  const watched = await watchOutside({
    ...request,
    members,
    clock: realClock,
    rules: {
      deadlineMs: idleTimeoutMs ?? shownIdleMs ?? IDLE_TIMEOUT_MS,
      isContract: idleTimeoutMs !== null,
      shownIdleMs,
      allow,
      budget,
      doubts: [],
    },
  })
  const lines = request.mayInspect ? await hungLines(watched) : new Map<string, Place | null>()
  for (const member of members) await member.stop()
  const wallMs = Math.round(realClock.nowMs() - startedMs)
  const runs = watched.map((each) => withLine(asRun(each, wallMs), lines))
  return {
    schema: 'watertight/run@1',
    tool: { version: TOOL_VERSION },
    environment: { node: process.version, platform: `${process.platform} ${process.arch}`, docker: request.docker, contended },
    runs,
    skipped: [],
    totals: { runs: runs.length, asExpected: runs.filter((run) => run.asExpected).length, skipped: 0, wallMs },
  }
}

/** Where each that hangs is busy; null: no Node, or nothing of the user's own is on its stack. */
async function hungLines(watched: readonly OutsideWatched[]): Promise<ReadonlyMap<string, Place | null>> {
  const hung = watched.filter(({ judgement }) => judgement.diagnosis.findings.some(({ code }) => code === 'WORK_HUNG'))
  const found = await Promise.all(hung.map(async ({ name, pids }) => [name, placeOf(await firstBusyFrame(pids), process.cwd())] as const))
  return new Map(found)
}

function withLine(run: ScenarioRun, lines: ReadonlyMap<string, Place | null>): ScenarioRun {
  const openedAt = lines.get(run.layer)
  if (openedAt === undefined) return run
  if (openedAt === null)
    return { ...run, notes: [...run.notes, 'its inspector names no line: it is no Node, or it does not run JavaScript of its own'] }
  return { ...run, findings: run.findings.map((finding) => (finding.code === 'WORK_HUNG' ? { ...finding, openedAt } : finding)) }
}

function subjectOf(attached: Attached): OutsideSubject {
  const { name, goroutines } = attached
  const subject =
    'pid' in attached
      ? watchPid(attached.pid, name ?? nameOfPid(attached.pid))
      : watchContainer(attached.container, name ?? attached.container.name)
  return goroutines === null ? subject : withGoroutines(subject, async () => goroutines, realClock.nowMs)
}

function asRun({ name, judgement, timeline }: OutsideWatched, durationMs: number): ScenarioRun {
  const { workError: _none, missing, ...diagnosis } = judgement.diagnosis
  return {
    ...diagnosis,
    scenario: 'attach',
    case: name,
    variant: null,
    layer: name,
    client: 'seen from outside',
    backend: null,
    profile: null,
    expected: null,
    asExpected: diagnosis.verdict === 'clean',
    notes: [...missing, ...judgement.notes],
    proof: null,
    latencyMs: null,
    timeline,
    measured: [],
    workError: null,
    durationMs,
  }
}

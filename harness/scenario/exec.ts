/** A program of the user's own as a run: started, watched, judged, gone; as often as asked. */
import { availableParallelism, loadavg } from 'node:os'
import { HarnessError } from '../model/errors.ts'
import type { Finding } from '../model/finding.ts'
import type { JournalEntry, Timed } from '../model/journal.ts'
import type { LedgerPage } from '../model/ledger-page.ts'
import type { Allowance, Budget } from '../model/options.ts'
import type { RunRecord, ScenarioRun } from '../model/run-record.ts'
import { explainRun } from '../session/explain-run.ts'
import { realClock } from '../session/real-clock.ts'
import { mapFrame } from '../session/source-maps.ts'
import { type Watched, type WatchRequest, watchProgram } from '../session/watch-program.ts'
import { type Executed, startExecuted } from '../subjects/exec-child.ts'
import type { Ending, ExecOptions } from '../subjects/exec-start.ts'
import { newRunId } from '../subjects/run-id.ts'
import { TOOL_VERSION } from '../subjects/version.ts'
import { begunText, unlinedOf } from './begun-text.ts'
import { shortCommand } from './command-text.ts'
import { interruptedBy, recordOf } from './journal-record.ts'
import { summarizeLatency } from './latency.ts'
import { driveProgram, type ProgramLoad } from './program-load.ts'

export interface ExecRequest extends Pick<ExecOptions, 'command' | 'args' | 'cwd' | 'stdout'> {
  /** watertight/register. */
  readonly register: URL
  /** What is loaded as well into a run that only explains; null: nobody asked for one. */
  readonly explain: URL | null
  readonly idleAfterMs: number
  /** Null: 6 s, and a service's idle pools are trusted. */
  readonly idleTimeoutMs: number | null
  readonly timeoutMs: number
  readonly load: ProgramLoad | null
  readonly allow: readonly Allowance[]
  readonly budget: Budget
  /** How often; from 1. */
  readonly repeat: number
  readonly signal: AbortSignal
  /** How the program is asked to end; null: a terminal has asked it already. */
  readonly stopSignal: () => NodeJS.Signals | null
  /** In the environment of all that is started; absent: a new one. */
  readonly runId?: string
  /** Told as it comes, for the journal. */
  readonly onEntry?: (entry: JournalEntry) => void
  /** Called when a program runs, so that it can be killed; with null when it has gone. */
  readonly onProgram: (program: Pick<Executed, 'kill'> | null) => void
}

export interface ExecOutcome {
  readonly record: RunRecord
  /** How each run ended by itself; null where we ended it. */
  readonly endings: readonly (Ending | null)[]
  /** Of a run that was not judged; null: none was made. */
  readonly explanation: ExplanationText | null
}

export interface ExplanationText {
  /** What keeps a program that hung; null: it did not. */
  readonly keptBy: string | null
  /** The lines that led to requests of which the findings name none; null: each has one. */
  readonly begunAt: string | null
}

/** @throws {HarnessError} INVALID_OPTION when the command cannot be started. */
export async function execProgram(request: ExecRequest): Promise<ExecOutcome> {
  const startedMs = realClock.nowMs()
  const contended = (loadavg()[0] ?? 0) > availableParallelism()
  const runId = request.runId ?? newRunId()
  const entries: Timed<JournalEntry>[] = []
  function tell(entry: JournalEntry): void {
    entries.push({ ...entry, atMs: realClock.nowMs() - startedMs })
    request.onEntry?.(entry)
  }
  const names = Array.from({ length: request.repeat }, (_, round) => (request.repeat === 1 ? null : `run ${round + 1}`))
  const environment = { node: process.version, platform: `${process.platform} ${process.arch}`, docker: false, contended }
  tell({ type: 'begun', tool: { version: TOOL_VERSION }, environment })
  tell({ type: 'planned', runs: names.map((name) => ({ scenario: shortCommand(request), case: name, variant: null, backend: null })) })
  const runs: ScenarioRun[] = []
  const endings: (Ending | null)[] = []
  for (const name of names) {
    if (request.signal.aborted) break
    const { run, ending } = await execOnce(request, runId, name)
    tell({ type: 'judged', run })
    runs.push(run)
    endings.push(ending)
  }
  const explanation = request.signal.aborted ? null : await explained(request, runId, runs)
  tell({ type: 'ended', stopped: request.signal.aborted ? interruptedBy(request.signal) : null })
  return { record: recordOf(entries, 'killed'), endings, explanation }
}

/** In the place of a client's name. */
const SEEN_FROM_OUTSIDE = 'seen from outside'

/** What a diagnostic run could still tell; nothing of what only the kernel was asked about. */
export function leftToTell(runs: readonly ScenarioRun[]): { readonly hang: boolean; readonly lines: boolean } {
  const findings = findingsFromInside(runs)
  return { hang: findings.some(({ code }) => code === 'WORK_HUNG'), lines: unlinedOf(findings).length > 0 }
}

const findingsFromInside = (runs: readonly ScenarioRun[]): readonly Finding[] =>
  runs.flatMap(({ client, findings }) => (client === SEEN_FROM_OUTSIDE ? [] : findings))

const watchOf = (request: ExecRequest): WatchRequest => ({
  ...request,
  load: request.load === null ? null : driveProgram(request.load),
  clock: realClock,
})

async function explained(request: ExecRequest, runId: string, runs: readonly ScenarioRun[]): Promise<ExplanationText | null> {
  const { hang, lines } = leftToTell(runs)
  if (request.explain === null || !(hang || lines)) return null
  await using program = await startExecuted({ ...request, preload: [request.register, request.explain], runId, clock: realClock })
  request.onProgram(program)
  try {
    const { keptBy, begunAt } = await explainRun(program, watchOf(request))
    const mapped = begunAt.map((begun) => ({ ...begun, frame: mapFrame(begun.frame) }))
    return { keptBy: hang ? keptBy : null, begunAt: lines ? begunText(unlinedOf(findingsFromInside(runs)), mapped, request.cwd) : null }
  } finally {
    request.onProgram(null)
  }
}

async function execOnce(
  request: ExecRequest,
  runId: string,
  name: string | null,
): Promise<{ readonly run: ScenarioRun; readonly ending: Ending | null }> {
  const startedMs = realClock.nowMs()
  await using program = await startExecuted({ ...request, preload: [request.register], runId, clock: realClock })
  request.onProgram(program)
  try {
    const watched = await watchProgram(program, watchOf(request))
    await program.stop(request.stopSignal())
    return { run: asRun(request, watched, name, Math.round(realClock.nowMs() - startedMs)), ending: watched.ending }
  } catch (error) {
    if (error instanceof HarnessError) throw error
    throw new HarnessError('SUBJECT_FAILED', `watching ${shortCommand(request)} failed: ${String(error)}`, null, { cause: error })
  } finally {
    request.onProgram(null)
  }
}

function asRun(request: ExecRequest, watched: Watched, name: string | null, durationMs: number): ScenarioRun {
  const { workError: _none, missing, ...diagnosis } = watched.diagnosis
  return {
    ...diagnosis,
    scenario: shortCommand(request),
    case: name,
    variant: null,
    layer: 'process',
    client: watched.isFromOutside ? SEEN_FROM_OUTSIDE : clientsOf(watched.page),
    backend: null,
    profile: null,
    expected: null,
    asExpected: diagnosis.verdict === 'clean',
    notes: [...missing, ...watched.notes],
    measured: [],
    proof: null,
    latencyMs: watched.latencyMs ?? summarizeLatency(watched.page?.durationsMs ?? []),
    timeline: watched.timeline,
    workError: null,
    durationMs,
  }
}

function clientsOf(page: LedgerPage | null): string {
  const used = new Set([...(page?.pools ?? []), ...(page?.requests ?? [])].map(({ client }) => client))
  return used.size === 0 ? 'none seen' : [...used].toSorted().join(', ')
}

/** The first two runs that were judged differently, in words; null: all agree. */
export function firstDisagreement(runs: readonly ScenarioRun[]): string | null {
  const [first, ...others] = runs
  if (first === undefined) return null
  const said = gist(first)
  const other = others.find((run) => gist(run) !== said)
  return other === undefined ? null : `the runs do not agree: ${first.case} is ${said}, ${other.case} is ${gist(other)}`
}

function gist({ verdict, findings }: ScenarioRun): string {
  const found = findings.map(({ code, openedAt }) => (openedAt === null ? code : `${code} at ${openedAt.file}:${openedAt.line}`))
  return [verdict, ...[...new Set(found)].toSorted()].join(' ')
}

/** The whole matrix: every scenario, case, variant and backend that was asked for. */
import { availableParallelism, loadavg } from 'node:os'
import PQueue from 'p-queue'
import type { BackendKind } from '../model/backend.ts'
import type { Judging } from '../model/config.ts'
import { BackendUnavailable, HarnessError, ScenarioUnavailable } from '../model/errors.ts'
import type { JournalEntry, Timed } from '../model/journal.ts'
import type { RunRecord, SkippedRun, VariantName } from '../model/run-record.ts'
import { ONLY_CASE, type RunKey, type Scenario, type SuiteEvent, type Variant } from '../model/scenario.ts'
import { openShelf } from '../model/shelf.ts'
import { newRunId } from '../subjects/run-id.ts'
import { TOOL_VERSION } from '../subjects/version.ts'
import { failedRun } from './failed-run.ts'
import { entryOf, interruptedBy, recordOf } from './journal-record.ts'
import { idleTimeoutOf, runVariant } from './run.ts'

export interface LoadedScenario {
  readonly scenario: Scenario
  /** Absolute path of the module whose default export it is: the subject loads it again from here. */
  readonly file: string
  /** Of the user's own: how their configuration wants it judged. Absent: one of ours, judged by its own word alone. */
  readonly own?: Judging
}

export interface SuiteRequest {
  readonly scenarios: readonly LoadedScenario[]
  readonly variants: readonly VariantName[]
  /** Kinds wanted; a scenario runs on those of them it supports. What cannot run here is in `skipped`. */
  readonly backends: readonly BackendKind[]
  /** Origin of the server for kind `url`. */
  readonly url: string | null
  readonly iterations: number
  /** Work that has not settled after this long is WORK_HUNG. */
  readonly workTimeoutMs: number
  /** Replaces the contract of every scenario; null keeps each scenario's own. */
  readonly idleTimeoutMs: number | null
  /** Does a container engine answer here; for the record. */
  readonly docker: boolean
  /** In the environment of all that is started; absent: a new one. */
  readonly runId?: string
  /** Stop after the first run that is not as expected. */
  readonly bail: boolean
  /** Aborted: running subjects are stopped, and what was judged so far is returned. The reason's message says by what. */
  readonly signal: AbortSignal
  readonly onEvent: (event: SuiteEvent) => void
}

/** What is started goes on before the next is started: its deadline then runs while others start. */
const LANE_PRIORITY = { start: 0, work: 1 } as const

/** Cells under way at once: what waits for a deadline costs next to nothing, and with 32 of them two cores had nothing to do for a twelfth of the time. */
const MAX_UNDER_WAY = 48
/** Each holds a child of some 70 MB, and all of them together at most half of the memory that is free. */
const CELL_BYTES = 75e6
const underWayAtOnce = (): number => Math.max(1, Math.min(MAX_UNDER_WAY, Math.floor(process.availableMemory() / 2 / CELL_BYTES)))

/** Runs every wanted cell of the matrix; waits overlap, work takes a lane. Rejects only with HarnessError. */
export async function runSuite(request: SuiteRequest): Promise<RunRecord> {
  const startedMs = performance.now()
  const cores = availableParallelism()
  const contended = (loadavg()[0] ?? 0) > cores
  const keys = planRuns(request)
  const entries: Timed<JournalEntry>[] = []
  function tell(event: SuiteEvent): void {
    const entry = entryOf(event)
    if (entry !== null) entries.push({ ...entry, atMs: performance.now() - startedMs })
    request.onEvent(event)
  }
  const environment = { node: process.version, platform: `${process.platform} ${process.arch}`, docker: request.docker, contended }
  tell({ type: 'begun', tool: { version: TOOL_VERSION }, environment })
  tell({ type: 'planned', runs: keys.map(({ key }) => key) })

  // Work takes a lane; waiting is free. One more than there are cores: who starts or works waits for its own server an eighth of the time.
  const lanes = new PQueue({ concurrency: cores + 1 })
  const takeLane = (what: 'start' | 'work'): Promise<() => void> =>
    new Promise((entered) => void lanes.add(() => new Promise<void>((leave) => entered(leave)), { priority: LANE_PRIORITY[what] }))
  const underWay = new PQueue({ concurrency: underWayAtOnce() })
  const bail = new AbortController()
  const signal = AbortSignal.any([request.signal, bail.signal])
  const runId = request.runId ?? newRunId()
  await using shelf = openShelf()
  const failures: HarnessError[] = []
  const unavailable = new Map<BackendKind, BackendUnavailable>()

  async function runCell({ loaded, key }: Cell): Promise<void> {
    if (signal.aborted) return
    const known = key.backend === null ? undefined : unavailable.get(key.backend)
    if (known !== undefined) return skip(key, known)
    try {
      const run = await runVariant({
        ...request,
        ...loaded,
        key,
        runId,
        shelf,
        signal,
        takeLane,
        onPhase: (phase, detail) => tell({ type: 'phase', key, phase, detail }),
      })
      // A run that was cut short was not judged.
      if (signal.aborted) return
      tell({ type: 'judged', key, run })
      if (request.bail && !run.asExpected) bail.abort()
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof BackendUnavailable && key.backend !== null) {
        unavailable.set(key.backend, error)
        return skip(key, error)
      }
      if (error instanceof ScenarioUnavailable) return skip(key, { reason: error.what, remedy: error.remedy })
      const failure = asHarnessError(error, key)
      failures.push(failure)
      tell({ type: 'judged', key, run: failedRun(loaded.scenario, key, failure) })
    }
  }

  function skip(key: RunKey, { reason, remedy }: Pick<BackendUnavailable, 'reason' | 'remedy'>): void {
    const skipped: SkippedRun = { ...key, reason, remedy: remedy ?? '' }
    tell({ type: 'skipped', skipped })
  }

  // Those that wait longest begin first: begun last, they would be waited for when nothing else is left to do.
  await Promise.all(keys.map((cell) => underWay.add(() => runCell(cell), { priority: waitOf(cell, request.idleTimeoutMs) })))
  tell({ type: 'ended', stopped: request.signal.aborted ? interruptedBy(request.signal) : bail.signal.aborted ? 'stopped early' : null })
  const record = recordOf(entries, 'killed')
  // Nothing could be judged: the first error is the answer. Otherwise what was judged is not lost for what was not.
  const [failure] = failures
  if (failure !== undefined && failures.length === record.runs.length) throw failure
  return record
}

const waitOf = ({ loaded, key }: Cell, idleTimeoutMs: number | null): number => idleTimeoutOf({ ...loaded, key, idleTimeoutMs })

interface Cell {
  readonly loaded: LoadedScenario
  readonly key: RunKey
}

/** The cells, in the order of the report: scenario, case, backend, leaky before fixed. */
export function planRuns({ scenarios, variants, backends }: Pick<SuiteRequest, 'scenarios' | 'variants' | 'backends'>): readonly Cell[] {
  return scenarios.flatMap((loaded) => {
    const { scenario } = loaded
    const kinds = scenario.backend === null ? [null] : backends.filter((kind) => scenario.backend?.kinds.includes(kind))
    return Object.entries(scenario.cases).flatMap(([name, declared]) =>
      kinds.flatMap((backend) =>
        variants
          .filter((variant) => runsOn(declared[variant], backend))
          .map((variant) => ({ loaded, key: { scenario: scenario.name, case: name === ONLY_CASE ? null : name, variant, backend } })),
      ),
    )
  })
}

/** A variant with a backend of its own runs on the kinds of that which are the scenario's, too. */
const runsOn = (variant: Variant | undefined, kind: BackendKind | null): boolean =>
  variant !== undefined && (variant.backend === undefined || (kind !== null && variant.backend.kinds.includes(kind)))

function asHarnessError(error: unknown, key: RunKey): HarnessError {
  const where = `${key.scenario}${key.case === null ? '' : ` (${key.case})`}, ${key.variant}${key.backend === null ? '' : ` on ${key.backend}`}`
  if (error instanceof HarnessError) return new HarnessError(error.code, `${where}: ${error.what}`, error.remedy, { cause: error.cause })
  return new HarnessError('SUBJECT_FAILED', `${where}: ${error instanceof Error ? error.message : String(error)}`, null, { cause: error })
}

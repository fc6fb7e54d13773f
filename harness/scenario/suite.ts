/** The whole matrix: every scenario, case, variant and backend that was asked for. */
import { availableParallelism, loadavg } from 'node:os'
import PQueue from 'p-queue'
import type { BackendKind } from '../model/backend.ts'
import { BackendUnavailable, HarnessError } from '../model/errors.ts'
import type { RunRecord, ScenarioRun, SkippedRun, VariantName } from '../model/run-record.ts'
import { ONLY_CASE, type RunKey, type Scenario, type SuiteEvent } from '../model/scenario.ts'
import { newRunId } from '../subjects/run-id.ts'
import { TOOL_VERSION } from '../subjects/version.ts'
import { failedRun } from './failed-run.ts'
import { runVariant } from './run.ts'

export interface LoadedScenario {
  readonly scenario: Scenario
  /** Absolute path of the module whose default export it is: the subject loads it again from here. */
  readonly file: string
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
  /** Stop after the first run that is not as expected. */
  readonly bail: boolean
  /** Aborted: running subjects are stopped, and what was judged so far is returned. */
  readonly signal: AbortSignal
  readonly onEvent: (event: SuiteEvent) => void
}

/** What is started goes on before the next is started: its deadline then runs while others start. */
const LANE_PRIORITY = { start: 0, work: 1 } as const

/** Cells under way at once: each holds a child and perhaps a container; what waits for a deadline costs next to nothing. */
const MAX_UNDER_WAY = 32

/** Runs every wanted cell of the matrix; waits overlap, work takes a lane. Rejects only with HarnessError. */
export async function runSuite(request: SuiteRequest): Promise<RunRecord> {
  const startedMs = performance.now()
  const cores = availableParallelism()
  const contended = (loadavg()[0] ?? 0) > cores
  const keys = planRuns(request)
  request.onEvent({ type: 'planned', runs: keys.map(({ key }) => key) })

  // Work takes a lane, as many as there are cores; waiting is free.
  const lanes = new PQueue({ concurrency: cores })
  const takeLane = (what: 'start' | 'work'): Promise<() => void> =>
    new Promise((entered) => void lanes.add(() => new Promise<void>((leave) => entered(leave)), { priority: LANE_PRIORITY[what] }))
  const underWay = new PQueue({ concurrency: MAX_UNDER_WAY })
  const bail = new AbortController()
  const signal = AbortSignal.any([request.signal, bail.signal])
  const runId = newRunId()
  const failures: HarnessError[] = []
  const unavailable = new Map<BackendKind, BackendUnavailable>()

  async function runCell({ loaded, key }: Cell): Promise<ScenarioRun | SkippedRun | null> {
    if (signal.aborted) return null
    const known = key.backend === null ? undefined : unavailable.get(key.backend)
    if (known !== undefined) return skip(key, known)
    try {
      const run = await runVariant({
        ...request,
        ...loaded,
        key,
        runId,
        signal,
        takeLane,
        onPhase: (phase, detail) => request.onEvent({ type: 'phase', key, phase, detail }),
      })
      // A run that was cut short was not judged.
      if (signal.aborted) return null
      request.onEvent({ type: 'judged', key, run })
      if (request.bail && !run.asExpected) bail.abort()
      return run
    } catch (error) {
      if (signal.aborted) return null
      if (error instanceof BackendUnavailable && key.backend !== null) {
        unavailable.set(key.backend, error)
        return skip(key, error)
      }
      const failure = asHarnessError(error, key)
      failures.push(failure)
      const run = failedRun(loaded.scenario, key, failure)
      request.onEvent({ type: 'judged', key, run })
      return run
    }
  }

  function skip(key: RunKey, { reason, remedy }: BackendUnavailable): SkippedRun {
    const skipped = {
      scenario: key.scenario,
      variant: key.variant,
      backend: key.backend ?? 'embedded',
      reason,
      remedy: remedy ?? '',
    } as const
    request.onEvent({ type: 'skipped', skipped })
    return skipped
  }

  const outcomes = await Promise.all(keys.map((cell) => underWay.add(() => runCell(cell))))
  const [failure] = failures
  const runs = outcomes.filter((outcome) => outcome !== null && 'verdict' in outcome) as readonly ScenarioRun[]
  // Nothing could be judged: the first error is the answer. Otherwise what was judged is not lost for what was not.
  if (failure !== undefined && failures.length === runs.length) throw failure
  const skipped = outcomes.filter((outcome) => outcome !== null && 'reason' in outcome) as readonly SkippedRun[]
  return {
    schema: 'watertight/run@1',
    tool: { version: TOOL_VERSION },
    environment: { node: process.version, platform: `${process.platform} ${process.arch}`, docker: request.docker, contended },
    runs,
    skipped,
    totals: {
      runs: runs.length,
      asExpected: runs.filter((run) => run.asExpected).length,
      skipped: skipped.length,
      wallMs: Math.round(performance.now() - startedMs),
    },
  }
}

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
          .filter((variant) => declared[variant] !== undefined)
          .map((variant) => ({ loaded, key: { scenario: scenario.name, case: name === ONLY_CASE ? null : name, variant, backend } })),
      ),
    )
  })
}

function asHarnessError(error: unknown, key: RunKey): HarnessError {
  const where = `${key.scenario}${key.case === null ? '' : ` (${key.case})`}, ${key.variant}${key.backend === null ? '' : ` on ${key.backend}`}`
  if (error instanceof HarnessError) return new HarnessError(error.code, `${where}: ${error.what}`, error.remedy, { cause: error.cause })
  return new HarnessError('SUBJECT_FAILED', `${where}: ${error instanceof Error ? error.message : String(error)}`, null, { cause: error })
}

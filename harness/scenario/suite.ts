import type { BackendKind } from '../model/backend.ts'
import type { RunRecord, VariantName } from '../model/run-record.ts'
import type { Scenario, SuiteEvent } from '../model/scenario.ts'

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
  /** Stop after the first run that is not as expected. */
  readonly bail: boolean
  /** Aborted: running subjects are stopped, and what was judged so far is returned. */
  readonly signal: AbortSignal
  readonly onEvent: (event: SuiteEvent) => void
}

/** Runs every wanted cell of the matrix; waits overlap, work takes a lane. Rejects only with HarnessError. */
export async function runSuite(_request: SuiteRequest): Promise<RunRecord> {
  throw new Error('in work')
}

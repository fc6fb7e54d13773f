import type { Finding } from './finding.ts'
import type { RunPlace, ScenarioRun } from './run-record.ts'

/** One run as it was and as it is. */
export interface ComparedRun {
  readonly base: ScenarioRun
  readonly now: ScenarioRun
  /** `worse`: was as expected and is no more, or its verdict is worse and it is not as expected. Times never make a run worse. */
  readonly change: 'worse' | 'better' | 'same'
  /** By fingerprint: what was not found before. Churn and notes are left out. */
  readonly newFindings: readonly Finding[]
}

/** A record held against an earlier one. */
export interface Comparison {
  readonly runs: readonly ComparedRun[]
  /** Judged then, not now: nothing is known of them. */
  readonly missing: readonly RunPlace[]
  /** Judged now, not then. */
  readonly added: readonly ScenarioRun[]
}

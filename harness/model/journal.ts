import type { RunPlace, RunRecord, ScenarioRun, SkippedRun } from './run-record.ts'

/** What is kept of a run as it comes: each becomes a line of the journal, and all reports are made from these. */
export type JournalEntry =
  | { readonly type: 'begun'; readonly tool: RunRecord['tool']; readonly environment: RunRecord['environment'] }
  | { readonly type: 'planned'; readonly runs: readonly RunPlace[] }
  | { readonly type: 'judged'; readonly run: ScenarioRun }
  | { readonly type: 'skipped'; readonly skipped: SkippedRun }
  /** `stopped`: why not all that was planned was judged; null: nothing cut it short. */
  | { readonly type: 'ended'; readonly stopped: Stop | null }

/** An entry with the time it was written at, ms since the run began. */
export type Timed<Entry> = Entry & { readonly atMs: number }

/** What ended a run before all of it was judged, in the words of its report. */
export type Stop = `interrupted by ${string}` | 'stopped early' | 'broken off by an error' | 'killed' | 'still running'

const STOPPED = /^(interrupted by \w+|stopped early|broken off by an error|killed|still running): \d+ of \d+ runs were judged$/

/** The `reason` in `skipped` of what a run did not come to: `interrupted by SIGINT: 12 of 30 runs were judged`. */
export function stopReason(stop: Stop, judged: number, planned: number): string {
  return `${stop}: ${judged} of ${planned} runs were judged`
}

/** Does this `reason` say that the run had ended, and not that something was missing? */
export function isStopReason(reason: string): boolean {
  return STOPPED.test(reason)
}

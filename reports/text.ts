import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'
import { oneLine } from './neutralise.ts'
import { paintFor } from './paint.ts'
import { isTold, runText } from './run-text.ts'
import { summaryText } from './summary-text.ts'

export interface TextOptions {
  readonly colour: boolean
  /** Columns of the terminal; Infinity: never break a line. */
  readonly width: number
  /** Source of a file as a Place names it; null when it cannot be read. */
  readonly readSource: (file: string) => string | null
  /** Something about the whole run to say before everything else, for example that it was interrupted; null or absent: nothing. */
  readonly notice?: string | null
}

/** Runs in full stand apart, one-liners stand together. */
function joinRuns(runs: readonly ScenarioRun[], texts: readonly string[]): string {
  return texts.map((text, at) => (at === 0 ? text : `${runs.slice(at - 1, at + 1).every(isTold) ? '\n' : '\n\n'}${text}`)).join('')
}

/** The report for people. What is not as expected comes last, next to the summary, where the eye is when a run ends. */
export function renderText(record: RunRecord, options: TextOptions): string {
  const paint = paintFor(options.colour)
  const runs = [...record.runs.filter((run) => run.asExpected), ...record.runs.filter((run) => !run.asExpected)]
  const parts: string[] = []
  if (options.notice != null) parts.push(paint(['yellow', 'bold'], oneLine(options.notice)))
  if (runs.length > 0) {
    parts.push(
      joinRuns(
        runs,
        runs.map((run) => runText(run, { ...options, paint })),
      ),
    )
  }
  return `${[...parts, summaryText(record, paint, options.width)].join('\n\n')}\n`
}

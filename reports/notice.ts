import { isStopReason } from '../harness/model/journal.ts'
import type { RunRecord } from '../harness/model/run-record.ts'

/** `INTERRUPTED by SIGINT: 12 of 30 runs were judged`, for a record of a run that ended before all of it was judged; null for any other. */
export function noticeOf({ skipped }: RunRecord): string | null {
  const reasons = new Set(skipped.map(({ reason }) => reason).filter(isStopReason))
  return reasons.size === 0 ? null : [...reasons].map(loud).join('; ')
}

const loud = (reason: string): string => reason.replace(/^(?:stopped early|still running|broken off|\w+)/, (words) => words.toUpperCase())

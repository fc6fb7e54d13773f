import { build } from 'hdr-histogram-js'
import type { LatencySummary } from '../model/run-record.ts'

/** Kept to 1 µs: the histogram counts whole numbers. */
const PER_MS = 1_000

/** How often a request was due on a connection; `as it came`: as often as the middle answer took, for a load without a schedule. */
export type Due = { readonly everyMs: number } | 'as it came'

/** Response times of a load, in a memory that does not grow. */
export interface ResponseTimes {
  add(durationMs: number): void
  /**
   * Percentiles, corrected for coordinated omission: a slow answer also stands for the requests that it kept from being sent.
   * Null when there are no times.
   */
  summary(due: Due): LatencySummary | null
}

const newHistogram = () => build({ numberOfSignificantValueDigits: 3 })
type Histogram = ReturnType<typeof newHistogram>

export function responseTimes(): ResponseTimes {
  const histogram = newHistogram()
  return {
    add: (durationMs) => record(histogram, durationMs),
    summary(due) {
      if (histogram.totalCount === 0) return null
      const everyUs = due === 'as it came' ? histogram.getValueAtPercentile(50) : Math.max(1, Math.round(due.everyMs * PER_MS))
      return percentiles(histogram.copyCorrectedForCoordinatedOmission(everyUs), histogram.maxValue, everyUs / PER_MS)
    },
  }
}

/** Percentiles of the response times of the work's own requests, as they were: nobody had a schedule. Null when there are none. */
export function summarizeLatency(durationsMs: readonly number[]): LatencySummary | null {
  if (durationsMs.length === 0) return null
  const histogram = newHistogram()
  for (const durationMs of durationsMs) record(histogram, durationMs)
  return percentiles(histogram, histogram.maxValue, null)
}

function record(histogram: Histogram, durationMs: number): void {
  histogram.recordValue(Math.max(1, Math.round(durationMs * PER_MS)))
}

/** A percentile is the top of its bucket, and the longest time is as it came: it may stand below that. A corrected copy knows buckets only. */
function percentiles(
  histogram: Pick<Histogram, 'getValueAtPercentile'>,
  longestUs: number,
  expectedIntervalMs: number | null,
): LatencySummary {
  const at = (percentile: number): number => Math.min(histogram.getValueAtPercentile(percentile), longestUs) / PER_MS
  return { p50: at(50), p90: at(90), p99: at(99), max: longestUs / PER_MS, expectedIntervalMs }
}

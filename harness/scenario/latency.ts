import { build } from 'hdr-histogram-js'
import type { LatencySummary } from '../model/run-record.ts'

/** Kept to 1 µs: the histogram counts whole numbers. */
const PER_MS = 1_000

/** Percentiles of response times in ms; null when there are none. */
export function summarizeLatency(durationsMs: readonly number[]): LatencySummary | null {
  if (durationsMs.length === 0) return null
  const histogram = build({ numberOfSignificantValueDigits: 3 })
  for (const durationMs of durationsMs) histogram.recordValue(Math.max(1, Math.round(durationMs * PER_MS)))
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / PER_MS
  return { p50: at(50), p90: at(90), p99: at(99), max: histogram.maxValue / PER_MS }
}

import { expect, test } from 'vitest'
import { responseTimes, summarizeLatency } from './latency.ts'

/** 99 answers of 1 ms, and one that took a second. */
const HICCUP = [...Array<number>(99).fill(1), 1_000]

test('a hiccup of a second stands for the hundred requests that were due every 10 ms and not sent', () => {
  const times = responseTimes()
  for (const durationMs of HICCUP) times.add(durationMs)
  const summary = times.summary({ everyMs: 10 })
  // 99 short ones, and 1000, 990, 980 ... 10 ms
  expect(summary?.p90).toBeGreaterThan(750)
  expect(summary?.p50).toBeLessThan(30)
  expect(summary).toMatchObject({ expectedIntervalMs: 10 })
  expect(Math.round(summary?.max ?? 0)).toBe(1_000)
})

test('without a schedule a request was due as often as the middle answer took', () => {
  const times = responseTimes()
  for (const durationMs of [...Array<number>(99).fill(10), 1_000]) times.add(durationMs)
  const summary = times.summary('as it came')
  expect(summary?.expectedIntervalMs).toBeCloseTo(10, 1)
  expect(summary?.p90).toBeGreaterThan(750)
})

test("the work's own requests are told as they were", () => {
  const summary = summarizeLatency(HICCUP)
  expect(summary?.p90).toBeCloseTo(1, 1)
  expect(summary?.expectedIntervalMs).toBeNull()
})

test('no answers have no latency', () => {
  expect([responseTimes().summary('as it came'), summarizeLatency([])]).toEqual([null, null])
})

test('no percentile is above the longest answer, which stands in a bucket with a higher top', () => {
  const times = responseTimes()
  for (const durationMs of [1_000.001, 1_000.002]) times.add(durationMs)
  for (const summary of [times.summary({ everyMs: 10_000 }), summarizeLatency([1_000.001, 1_000.002])]) {
    expect(summary?.max).toBe(1_000.002)
    expect(Math.max(summary?.p50 ?? 0, summary?.p90 ?? 0, summary?.p99 ?? 0)).toBeLessThanOrEqual(1_000.002)
  }
})

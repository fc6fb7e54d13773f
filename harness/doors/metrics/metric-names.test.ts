import { expect, test } from 'vitest'
import { AIS_GOROUTINE_FLAGS, AIS_STATE_FLAGS, METRICS, type Metric } from '../../model/metric-names.ts'

const all: readonly Metric[] = Object.values(METRICS)

test("OpenTelemetry's names are spelled as its Prometheus rules say, its database pools' in the house of HTTP", () => {
  const borrowed = all.filter(({ otel }) => otel !== null)
  expect(borrowed.map(({ name }) => name)).toEqual(borrowed.map(({ otel }) => otel?.replace(/^db\./, 'http.').replaceAll('.', '_')))
  expect(all.filter(({ name, otel }) => (otel === null) !== name.startsWith('watertight_'))).toEqual([])
})

test('counters, and only they, end in _total; names and labels are legal; no name is given twice', () => {
  expect(all.filter(({ name, type }) => (type === 'counter') !== name.endsWith('_total'))).toEqual([])
  expect(all.flatMap(({ name, labels }) => [name, ...labels]).filter((word) => !/^[a-z][a-z0-9_]*$/.test(word))).toEqual([])
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
})

test("AIStore's flags are bits 14 and 15, as its alert rules divide for them", () => {
  expect(AIS_STATE_FLAGS).toBe('ais_target_state_flags')
  expect(AIS_GOROUTINE_FLAGS).toEqual({ numGoroutines: 16_384, highNumGoroutines: 32_768 })
})

import { expect, test } from 'vitest'
import { goroutineAlert, goroutinesOf, stateFlagsOf } from './aistore-goroutines.ts'

test.each([
  [1, 511, 'ok'],
  [1, 512, 'number-of-goroutines'],
  [1, 1_023, 'number-of-goroutines'],
  [1, 1_024, 'high-number-of-goroutines'],
  [2, 1_023, 'ok'],
  [2, 1_024, 'number-of-goroutines'],
  [2, 2_048, 'high-number-of-goroutines'],
  [4, 4_000, 'number-of-goroutines'],
  [8, 4_000, 'ok'],
] as const)('with %i CPUs %i goroutines are %s', (cpus, goroutines, alert) => {
  expect(goroutineAlert(goroutines, cpus)).toBe(alert)
})

test('a connection costs a client two goroutines and a server one', () => {
  expect(goroutinesOf(2_000, 0)).toBe(4_000)
  expect(goroutinesOf(25, 10)).toBe(60)
})

test('the rules that read bits 14 and 15 fire for their own alert and for no other', () => {
  const bit = (alert: Parameters<typeof stateFlagsOf>[0], by: number) => Math.floor(stateFlagsOf(alert) / by) % 2
  const bits = (['ok', 'number-of-goroutines', 'high-number-of-goroutines'] as const).map((alert) => [
    bit(alert, 16_384),
    bit(alert, 32_768),
  ])
  expect(bits).toEqual([
    [0, 0],
    [1, 0],
    [0, 1],
  ])
})

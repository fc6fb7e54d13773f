import { expect, it } from 'vitest'
import { goDurationText, parseGoDuration } from './go-duration.ts'

it.each<[string, number, string]>([
  ['20s', 20_000, '20s'],
  ['1m30s', 90_000, '1m30s'],
  ['90s', 90_000, '1m30s'],
  ['500ms', 500, '500ms'],
  ['1.5h', 5_400_000, '1h30m0s'],
  ['.5s', 500, '500ms'],
  ['1h', 3_600_000, '1h0m0s'],
  ['60s', 60_000, '1m0s'],
  ['-1s', -1_000, '-1s'],
  ['+2s', 2_000, '2s'],
  ['250us', 0.25, '250µs'],
  ['250µs', 0.25, '250µs'],
  ['100ns', 0.0001, '100ns'],
  ['0', 0, '0s'],
])('Go reads %s as %d ms and writes it %s', (text, ms, written) => {
  const parsed = parseGoDuration(text)
  expect(parsed).toEqual({ ms: expect.closeTo(ms, 9) })
  expect(goDurationText(ms)).toBe(written)
})

it.each(['', '-', 's', '1', '1s2', '1 s', '5 bananas', '1,5s', '1e3s', '--1s', '.s'])('Go does not read %j', (text) => {
  expect(parseGoDuration(text)).toHaveProperty('error')
})

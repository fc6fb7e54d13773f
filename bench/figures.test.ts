import { expect, test } from 'vitest'
import { figuresOf, ratioOf, threeDigits } from './figures.ts'

test('turns are told by the smallest and the middle one', () => {
  expect(figuresOf([9, 1, 4])).toEqual({ min: 1, median: 4 })
  expect(figuresOf([9, 1, 4, 6])).toEqual({ min: 1, median: 5 })
  expect(ratioOf({ min: 2, median: 9 }, { min: 1, median: 3 })).toEqual({ min: 2, median: 3 })
})

test('a number keeps three digits that count', () => {
  expect([0.012345, 1.2345, 123.45, Number.NaN].map(threeDigits)).toEqual(['0.0123', '1.23', '123', '–'])
})

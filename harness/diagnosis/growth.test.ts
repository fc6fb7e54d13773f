import { describe, expect, test } from 'vitest'
import type { Census } from '../model/census.ts'
import { diagnose } from './diagnose.ts'
import { isSteady, slopeOf } from './growth.ts'
import { censusOf, handle, line, materialOf, optionsOf, pageOf } from './made-up.ts'
import type { Material } from './material.ts'

const points = (...counts: readonly number[]) => counts.map((count, after) => ({ after, count }))
const census = (descriptors: number, handles: Census['handles'] = {}): Census => ({ ...censusOf(), descriptors, handles })

/** Material whose strangers were so many after 0, 1, 2 ... iterations, and `now` at the recount. */
function grownBy(counts: readonly number[], now: number, some: Partial<Material> = {}): Material {
  const [first = 0, ...rest] = counts
  return materialOf({
    baseline: census(first),
    recount: census(now),
    iterations: rest.map((strangers, index) => ({ after: index + 1, strangers, handles: {} })),
    options: optionsOf({ iterations: rest.length }),
    ...some,
  })
}
const codesOf = (material: Material) => diagnose(material).findings.map(({ code }) => code)

describe('the slope', () => {
  test('is the median of all slopes, so that one odd count does not bend it', () => {
    expect(slopeOf(points(0, 1, 2, 3, 4))).toBe(1)
    expect(slopeOf(points(0, 1, 2, 30, 4, 5, 6))).toBe(1)
    expect(slopeOf(points(5, 5, 5))).toBe(0)
  })
})

describe('growth is steady', () => {
  test('when there is more in each third and never fewer', () => {
    expect(isSteady(points(0, 1, 2, 3))).toBe(true)
    expect(isSteady(points(3, 3, 4, 4, 5, 5, 6, 6, 7))).toBe(true)
  })
  test('and not when it came at once, stops before the end, or goes down', () => {
    for (const counts of [
      [0, 3, 3, 3],
      [0, 1, 2, 2],
      [0, 1, 2, 3, 3, 3, 3, 3, 3],
      [0, 2, 1, 3],
      [0, 1, 2],
    ])
      expect(isSteady(points(...counts)), counts.join(' ')).toBe(false)
  })
})

describe('descriptors that are neither connection nor file', () => {
  test('are growth when each iteration leaves one, with the slope and the counts as evidence', () => {
    const { verdict, findings } = diagnose(grownBy([20, 21, 22, 23], 23))
    expect(verdict).toBe('leaked')
    expect(findings).toMatchObject([
      { code: 'GROWTH', count: 3, openedAt: null, evidence: [{ ledger: 'kernel', value: 1 }, { value: '20 21 22 23' }] },
    ])
  })
  test('are none when most of them went in time', () => {
    expect(codesOf(grownBy([20, 21, 22, 23, 24, 25, 26, 27, 28], 24))).toEqual(['GROWTH'])
    expect(codesOf(grownBy([20, 21, 22, 23, 24, 25, 26, 27, 28], 23))).toEqual([])
  })
  test('are none with fewer than three iterations', () => {
    expect(codesOf(grownBy([20, 21, 22], 22))).toEqual([])
  })
  test('are explained by handles that have findings of their own', () => {
    const page = pageOf({ handles: [1, 2, 3].map((id) => handle(id, { type: 'UDPWRAP' })) })
    expect(codesOf(grownBy([20, 21, 22, 23], 23, { page }))).toEqual(['HANDLE_LEFT'])
  })
  test('are not excused by a budget', () => {
    const options = optionsOf({ iterations: 3, budget: { sockets: 9, requests: 0, handles: 9 } })
    expect(codesOf(grownBy([20, 21, 22, 23], 23, { options }))).toEqual(['GROWTH'])
  })
})

describe('what is unref’d', () => {
  const left = (some: object) =>
    pageOf({ handles: [0, 1, 2].map((iteration) => handle(iteration, { iteration, isReferenced: false, ...some })) })
  test('grows at its line when each iteration made one', () => {
    const page = left({ type: 'UDPWRAP', openedAt: line(7) })
    expect(diagnose(grownBy([20, 21, 22, 23], 23, { page })).findings).toMatchObject([{ code: 'GROWTH', count: 3, openedAt: { line: 7 } }])
  })
  test('and is a timer counts only when it repeats', () => {
    expect(codesOf(grownBy([20, 20, 20, 20], 20, { page: left({ detail: 'every 1000 ms' }) }))).toEqual(['GROWTH'])
    expect(codesOf(grownBy([20, 20, 20, 20], 20, { page: left({ detail: null }) }))).toEqual([])
  })
})

test('what Node counts by kind grows without a line where no ledger has it, and is said once', () => {
  const handles = (count: number) => ({ UDPWrap: count, TCPSocketWrap: count })
  const material = materialOf({
    baseline: census(20, handles(0)),
    recount: census(23, handles(3)),
    iterations: [1, 2, 3].map((after) => ({ after, strangers: 20 + after, handles: handles(after) })),
    options: optionsOf({ iterations: 3, level: 'sampled' }),
  })
  expect(diagnose(material).findings).toMatchObject([{ code: 'GROWTH', summary: expect.stringContaining('3 of what Node calls UDPWrap') }])
})

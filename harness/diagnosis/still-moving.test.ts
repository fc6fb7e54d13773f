import { describe, expect, it } from 'vitest'
import { diagnose } from './diagnose.ts'
import { censusOf, materialOf, optionsOf, pageOf } from './made-up.ts'

const page = (ok: number) => pageOf({ counts: { sent: 9, ok, failed: 0, connectionsOpened: 1, peakOpen: 1 } })
const ranOut = (earlier: number, later: number, stallMs: number | null = 2_000) =>
  diagnose(
    materialOf({
      baseline: censusOf(),
      recount: censusOf(),
      earlierPage: page(earlier),
      page: page(later),
      hung: { because: 'timeout', afterMs: 60_000 },
      options: optionsOf({ stallMs }),
    }),
  )

describe('work that ran out of time', () => {
  it('and was still getting on leaves the question open: slow is not hung', () => {
    const { verdict, findings, missing } = ranOut(4, 5)
    expect({ verdict, codes: findings.map(({ code }) => code) }).toEqual({ verdict: 'inconclusive', codes: [] })
    expect(missing[0]).toMatch(/^the work was still getting on after 60000 ms/)
  })

  it('and stood still hangs', () => {
    expect(ranOut(4, 4).findings.map(({ code }) => code)).toEqual(['WORK_HUNG'])
  })

  it('hangs by the word of a caller who gave it that time', () => {
    expect(ranOut(4, 5, null)).toMatchObject({ verdict: 'leaked', findings: [{ code: 'WORK_HUNG' }] })
  })
})

import { expect, test } from 'vitest'
import type { Allowance } from '../model/options.ts'
import { diagnose } from './diagnose.ts'
import { handle, materialOf, optionsOf, pageOf } from './made-up.ts'

const because = 'it stays'
/** A timer made at job.ts:7. */
const judged = (allow: readonly Allowance[], more: object = {}) => {
  const { verdict, findings } = diagnose(materialOf({ page: pageOf({ handles: [handle(1)] }), options: optionsOf({ allow }), ...more }))
  return [verdict, ...findings.map(({ code }) => code)]
}

test('an allowance by code, by file and by line lets a finding stay', () => {
  for (const allowance of [
    { code: 'TIMER_LEFT' },
    { openedAt: 'job' },
    { openedAt: 'job.ts:7' },
    { openedAt: '/job.ts:7' },
    { openedAt: './job.ts:7' },
    { openedAt: './job.ts' },
    { openedAt: `${materialOf({}).cwd}/job.ts:7` },
    { openedAt: `${materialOf({}).cwd}/job.ts` },
  ] as const)
    expect(judged([{ ...allowance, because }])).toEqual(['clean'])
})

test('an allowance that matches nothing is a note, and excuses nothing', () => {
  for (const allowance of [
    { code: 'WATCHER_LEFT' },
    { openedAt: 'job.ts:71' },
    { openedAt: 'ob.ts:8' },
    { code: 'TIMER_LEFT', origin: 'http://127.0.0.1:9000' },
  ] as const)
    expect(judged([{ ...allowance, because }])).toEqual(['leaked', 'TIMER_LEFT', 'ALLOWANCE_UNUSED'])
})

test('the note repeats the allowance and its reason, and changes no verdict', () => {
  const allow = [{ code: 'WATCHER_LEFT', openedAt: 'config.ts', because: 'reloads' }] as const
  const { verdict, findings } = diagnose(materialOf({ options: optionsOf({ allow }) }))
  expect(verdict).toBe('clean')
  expect(findings).toMatchObject([
    {
      code: 'ALLOWANCE_UNUSED',
      severity: 'note',
      summary: 'the allowance for WATCHER_LEFT, opened at config.ts matched nothing (it says: reloads)',
    },
  ])
})

test('an allowance is used when the budget would have let the finding stay', () => {
  const options = optionsOf({ allow: [{ code: 'TIMER_LEFT', because }], budget: { sockets: 0, requests: 0, handles: 1 } })
  expect(judged([], { options })).toEqual(['clean'])
})

test('of allowances that many runs share, and of a run that was cut short, nothing is said', () => {
  const allowance = { code: 'WATCHER_LEFT', because } as const
  expect(judged([], { options: optionsOf({ sharedAllow: [allowance] }) })).toEqual(['leaked', 'TIMER_LEFT'])
  expect(judged([allowance], { doubts: ['interrupted'] })).toEqual(['leaked', 'TIMER_LEFT'])
})

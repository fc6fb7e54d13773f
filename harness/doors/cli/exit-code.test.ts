import { describe, expect, test } from 'vitest'
import { BackendUnavailable, HarnessError } from '../../model/errors.ts'
import { exitCodeOf, exitCodeOfError, type Outcome } from './exit-code.ts'
import { fakeRecord, fakeRun, MINIO_SKIPPED } from './fake-world.ts'

const asDeclared = fakeRun({ variant: 'leaky', verdict: 'leaked', expected: { verdict: 'leaked' } })
const leaked = fakeRun({ verdict: 'leaked', asExpected: false })
const cleanButDeclaredLeaky = fakeRun({ variant: 'leaky', expected: { verdict: 'leaked' }, asExpected: false })
const inconclusive = fakeRun({ verdict: 'inconclusive', asExpected: false })
const undeclared = { expected: null, asExpected: true } as const

const TABLE: readonly (readonly [string, number, Partial<Outcome>])[] = [
  ['every run is clean as declared', 0, {}],
  ['a leaky scenario leaks as declared', 0, { record: fakeRecord([asDeclared]) }],
  [
    'an inconclusive run is declared as such',
    0,
    { record: fakeRecord([fakeRun({ verdict: 'inconclusive', expected: { verdict: 'inconclusive' } })]) },
  ],
  ['a skipped backend was not required', 0, { record: fakeRecord([fakeRun()], [MINIO_SKIPPED]), required: ['embedded'] }],
  ['a fixed scenario leaks', 1, { record: fakeRecord([fakeRun(), leaked]) }],
  ['a leaky scenario is clean', 1, { record: fakeRecord([cleanButDeclaredLeaky]) }],
  ['a run without a declaration leaks', 1, { record: fakeRecord([fakeRun({ ...undeclared, verdict: 'leaked' })]) }],
  ['a run without a declaration is misconfigured', 1, { record: fakeRecord([fakeRun({ ...undeclared, verdict: 'misconfigured' })]) }],
  ['a run is inconclusive', 2, { record: fakeRecord([fakeRun(), inconclusive]) }],
  ['a run without a declaration is inconclusive', 2, { record: fakeRecord([fakeRun({ ...undeclared, verdict: 'inconclusive' })]) }],
  ['a required backend was skipped', 2, { record: fakeRecord([fakeRun()], [MINIO_SKIPPED]), required: ['minio'] }],
  ['one run leaks and another is inconclusive', 1, { record: fakeRecord([inconclusive, leaked]) }],
  ['a run leaks and a required backend was skipped', 1, { record: fakeRecord([leaked], [MINIO_SKIPPED]), required: ['minio'] }],
  ['Ctrl-C ended it, whatever was judged', 130, { record: fakeRecord([leaked]), interruptedBy: 'SIGINT' }],
  ['SIGTERM ended it', 143, { interruptedBy: 'SIGTERM' }],
  ['the terminal was closed', 129, { interruptedBy: 'SIGHUP' }],
]

describe('the exit code', () => {
  test.each(TABLE)('when %s is %i', (_when, code, outcome) => {
    expect(exitCodeOf({ record: fakeRecord([fakeRun()]), required: [], interruptedBy: null, ...outcome })).toBe(code)
  })

  test.each([
    ['a bad option', 3, new HarnessError('INVALID_OPTION', 'bad')],
    ['an unknown scenario', 3, new HarnessError('UNKNOWN_SCENARIO', 'who')],
    ['a scenario file that is none', 3, new HarnessError('INVALID_SCENARIO', 'what')],
    ['a machine it may not touch', 3, new HarnessError('REMOTE_NOT_ALLOWED', 'no')],
    ['a backend that is down', 2, new HarnessError('BACKEND_FAILED', 'down')],
    ['a missing engine', 2, new BackendUnavailable('none', 'start one')],
    ['a subject that could not be started', 2, new HarnessError('SUBJECT_FAILED', 'no')],
    ['an error nobody foresaw', 2, new TypeError('x is not a function')],
  ])('for %s is %i', (_what, code, error) => {
    expect(exitCodeOfError(error, null)).toBe(code)
    expect(exitCodeOfError(error, 'SIGINT')).toBe(130)
  })
})

/** The public door: re-exports only. */
export type { Diagnosis, Verdict } from './model/diagnosis.ts'
export { HarnessError, LeakError } from './model/errors.ts'
export type { Evidence, Finding, FindingCode, Place, Severity } from './model/finding.ts'
export type { Allowance, Budget, FindLeaksOptions } from './model/options.ts'
export { expectNoLeaks, findLeaks } from './session/find-leaks.ts'

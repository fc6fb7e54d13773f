/** The public door: re-exports only. */

export type { BackendAddress, BackendKind, BackendSpec } from './model/backend.ts'
export type { WatertightConfig } from './model/config.ts'
export type { Diagnosis, Verdict } from './model/diagnosis.ts'
export { HarnessError, LeakError } from './model/errors.ts'
export type { Evidence, Finding, FindingCode, Place, Severity } from './model/finding.ts'
export type { Allowance, Budget, FindLeaksOptions } from './model/options.ts'
export type { ForeignProgram, Load, MakeProgram, Scenario, Service, Work, WorkContext } from './model/scenario.ts'
export { defineScenario } from './scenario/checked-define.ts'
export { defineConfig } from './scenario/config.ts'
export type { ScenarioDefinition } from './scenario/define.ts'
export { type RunScenarioOptions, runScenario } from './scenario/run-scenario.ts'
export { expectNoLeaks, findLeaks } from './session/find-leaks.ts'

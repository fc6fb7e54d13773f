/** What the limits of a variant have against each other, beside what its run has shown. */
import { composeFinding } from '../diagnosis/compose.ts'
import { lintLimits } from '../limits/lint.ts'
import type { LimitSide } from '../limits/lint-side.ts'
import { findLimitProfile } from '../limits/profiles.ts'
import { limitSide } from '../limits/read-options.ts'
import type { Diagnosis } from '../model/diagnosis.ts'
import { HarnessError } from '../model/errors.ts'
import { type Finding, SEVERITIES } from '../model/finding.ts'
import type { SetLimits, Variant } from '../model/scenario.ts'

/** @throws {HarnessError} INVALID_SCENARIO for options its profile does not have. */
export function lintVariant({ set, expects }: Pick<Variant, 'set' | 'expects'>): readonly Finding[] {
  if (set === undefined) return []
  const faults = lintLimits({ client: sideOf(set.client), server: set.server === undefined ? null : sideOf(set.server) })
  const isDeclared = (code: string): boolean => expects.codes?.some((each) => each === code) === true
  return faults
    .filter(({ code }) => code !== 'TIMEOUT_MISSING' || isDeclared(code))
    .map(({ code, where, summary, evidence, advice }) =>
      composeFinding({
        code,
        ...(code === 'TIMEOUT_MISSING' ? { severity: 'misconfiguration' } : {}),
        count: 1,
        origin: null,
        request: null,
        openedAt: null,
        summary: `${where}: ${summary}`,
        evidence,
        advice,
      }),
    )
}

function sideOf({ profile: name, options }: SetLimits): LimitSide {
  const profile = findLimitProfile(name)
  if (profile === null) throw new HarnessError('INVALID_SCENARIO', `there is no limit profile ${name}`)
  const reading = limitSide(profile, options)
  if (reading.type === 'mistakes') throw new HarnessError('INVALID_SCENARIO', reading.mistakes.join('; '))
  return reading.side
}

/** A diagnosis with findings of the limits themselves: these make a clean run misconfigured, and say nothing against a leak. */
export function withLint(diagnosis: Diagnosis, lint: readonly Finding[]): Diagnosis {
  if (lint.length === 0) return diagnosis
  const bySeverity = (a: Finding, b: Finding): number => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)
  const isMisconfigured = lint.some(({ severity }) => severity === 'misconfiguration')
  const verdict = isMisconfigured && diagnosis.verdict !== 'leaked' ? 'misconfigured' : diagnosis.verdict
  return { ...diagnosis, verdict, findings: [...diagnosis.findings, ...lint].toSorted(bySeverity) }
}

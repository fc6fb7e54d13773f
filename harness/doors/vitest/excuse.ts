/** What one test may leave open, and why: `test('...', { meta: { allowLeaks: 'the reason' } }, ...)`, on a test or on a describe block. */
import type { RunnerTestCase } from 'vitest'
import { HarnessError } from '../../model/errors.ts'
import type { Allowance } from '../../model/options.ts'
import { resolveOptions } from '../../session/resolve-options.ts'

export interface Excuse {
  /** It is not judged at all. */
  readonly isWhole: boolean
  readonly allow: readonly Allowance[]
}

/** @throws {HarnessError} INVALID_OPTION when the reason is missing: an exemption without one is a leak nobody will look for again. */
export function excuseOf({ meta: { allowLeaks } }: Readonly<Pick<RunnerTestCase, 'meta'>>): Excuse {
  if (allowLeaks === undefined) return { isWhole: false, allow: [] }
  if (typeof allowLeaks === 'string' && allowLeaks.trim() !== '') return { isWhole: true, allow: [] }
  if (Array.isArray(allowLeaks)) return { isWhole: false, allow: resolveOptions({ allow: allowLeaks }).allow }
  throw new HarnessError(
    'INVALID_OPTION',
    `meta.allowLeaks is ${allowLeaks === '' || typeof allowLeaks === 'string' ? 'empty' : String(allowLeaks)}: it needs the reason`,
    "say why: meta: { allowLeaks: 'the exporter lives as long as the process' }, or allowances with theirs: [{ origin, because }]",
  )
}

const granted = new WeakMap<object, Allowance[]>()

/**
 * Allows something to the test that runs.
 * @throws {HarnessError} INVALID_OPTION without a reason.
 */
export function allowMeanwhile(task: object, allowance: Allowance): void {
  granted.set(task, [...(granted.get(task) ?? []), ...resolveOptions({ allow: [allowance] }).allow])
}

/** What was allowed to this test while it ran; told once, because a test may be run again. */
export function allowedMeanwhile(task: object): readonly Allowance[] {
  const allowances = granted.get(task) ?? []
  granted.delete(task)
  return allowances
}

/** `await expect(fn).toReturnToBaseline(options)`. */
import { HarnessError } from '../../model/errors.ts'
import type { FindLeaksOptions } from '../../model/options.ts'
import { describeDiagnosis, findLeaks } from '../../session/find-leaks.ts'
import { leakFailure } from './leak-failure.ts'
import { withTestsEnd } from './tests-end.ts'

/** Passes when clean; negated when leaked or misconfigured. What the function throws is thrown, and a verdict that could not be reached fails both ways. */
export async function toReturnToBaseline(
  received: unknown,
  options: FindLeaksOptions = {},
): Promise<{ readonly pass: boolean; message(): string }> {
  if (typeof received !== 'function') {
    throw new HarnessError(
      'INVALID_OPTION',
      `toReturnToBaseline runs a function, and was given ${received === null ? 'null' : typeof received}`,
      'write expect(() => job()).toReturnToBaseline(), without calling the job yourself',
    )
  }
  const diagnosis = await findLeaks(async () => void (await received()), withTestsEnd(options))
  if (diagnosis.workError !== undefined) throw diagnosis.workError
  if (diagnosis.verdict === 'inconclusive') throw leakFailure(diagnosis, 'toReturnToBaseline:')
  const pass = diagnosis.verdict === 'clean'
  return { pass, message: () => (pass ? 'it returned to its baseline, and was expected not to' : describeDiagnosis(diagnosis)) }
}

/** A diagnosis as the failure of a test. */
import { resolve } from 'node:path'
import type { Diagnosis } from '../../model/diagnosis.ts'
import { LeakError } from '../../model/errors.ts'
import { describeDiagnosis } from '../../session/find-leaks.ts'

/** @param whose says what left it open: `the test`, `the file`. */
export function leakFailure(diagnosis: Diagnosis, whose: string): LeakError {
  const error = new LeakError(`${whose} ${describeDiagnosis(diagnosis)}`, diagnosis)
  // Vitest shows the source at the top of the stack: that is where it was opened, not where we noticed.
  const frames = diagnosis.findings.flatMap(({ openedAt }) =>
    openedAt === null
      ? []
      : [`    at ${openedAt.function ?? '<anonymous>'} (${resolve(process.cwd(), openedAt.file)}:${openedAt.line}:${openedAt.column})`],
  )
  error.stack = [`${error.name}: ${error.message}`, ...new Set(frames)].join('\n')
  return error
}

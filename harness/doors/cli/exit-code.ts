import type { BackendKind } from '../../model/backend.ts'
import { HarnessError, type HarnessErrorCode } from '../../model/errors.ts'
import type { RunRecord, ScenarioRun } from '../../model/run-record.ts'
import { EXIT_CODE_OF_SIGNAL, type Interrupt } from './io.ts'

export const EXIT = { ok: 0, unexpected: 1, inconclusive: 2, misuse: 3 } as const

/** The kinds of failure that are the caller's mistake; all others mean that something needed was not there or broke. */
const MISUSE: ReadonlySet<HarnessErrorCode> = new Set<HarnessErrorCode>([
  'INVALID_OPTION',
  'INVALID_CONFIG',
  'UNKNOWN_SCENARIO',
  'INVALID_SCENARIO',
  'OVERLAPPING_CALLS',
  'NOT_REGISTERED',
  'REMOTE_NOT_ALLOWED',
  'UNSUPPORTED_NODE',
])

export interface Outcome {
  readonly record: RunRecord
  /** Backends without which the run does not count. */
  readonly required: readonly BackendKind[]
  /** The signal that ended the run early, if one did. */
  readonly interruptedBy: Interrupt | null
}

/** Without a declaration a run is meant to be clean. */
function isUnexpected(run: ScenarioRun): boolean {
  return run.expected === null ? run.verdict !== 'clean' : !run.asExpected
}

/** Exit code of a run by product.md, first that applies: interrupted 130 / 143, verdict other than declared 1, inconclusive or a required part missing 2, else 0. */
export function exitCodeOf({ record, required, interruptedBy }: Outcome): number {
  if (interruptedBy !== null) return EXIT_CODE_OF_SIGNAL[interruptedBy]
  const unexpected = record.runs.filter(isUnexpected)
  if (unexpected.some((run) => run.verdict !== 'inconclusive')) return EXIT.unexpected
  if (unexpected.length > 0 || record.skipped.some(({ backend }) => backend !== null && required.includes(backend)))
    return EXIT.inconclusive
  return EXIT.ok
}

/** Exit code of a run that could not be finished. */
export function exitCodeOfError(error: unknown, interruptedBy: Interrupt | null): number {
  if (interruptedBy !== null) return EXIT_CODE_OF_SIGNAL[interruptedBy]
  return error instanceof HarnessError && MISUSE.has(error.code) ? EXIT.misuse : EXIT.inconclusive
}

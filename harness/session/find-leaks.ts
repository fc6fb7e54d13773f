import type { Diagnosis } from '../model/diagnosis.ts'
import { HarnessError, LeakError } from '../model/errors.ts'
import type { FindLeaksOptions } from '../model/options.ts'
import { resolveOptions } from './resolve-options.ts'
import { watchWork } from './watch.ts'

let running = 0

/**
 * Runs `work` in this process and asks what it left open: sockets, request bodies, queued requests, handles.
 * Never throws because of a leak or because the work threw (`workError` carries that).
 * @throws {HarnessError} INVALID_OPTION, OVERLAPPING_CALLS when another call is still running in this process and this one does not ask for
 * `concurrent: 'attribute'`, or NOT_REGISTERED when `forbidGcRescue` is asked for without watertight/register.
 */
export async function findLeaks(work: () => unknown, options: FindLeaksOptions = {}): Promise<Diagnosis> {
  if (typeof work !== 'function') {
    throw new HarnessError(
      'INVALID_OPTION',
      `the work is ${whatIsGiven(work)}, not a function`,
      'pass a function that does it: findLeaks(() => job())',
    )
  }
  const resolved = resolveOptions(options)
  const isStrict = resolved.concurrent === 'attribute'
  if (isStrict && resolved.level !== 'full') {
    throw new HarnessError(
      'INVALID_OPTION',
      `concurrent: 'attribute' needs level 'full', and it is '${resolved.level}': only then is known what descends from which work`,
      'leave level out, or run one call at a time',
    )
  }
  if (running > 0 && !isStrict) {
    throw new HarnessError(
      'OVERLAPPING_CALLS',
      'findLeaks is already running in this process, perhaps for a test that ran out of time while it was judged: two at a time would take each other for leaks',
      "await the first call before the second, or ask for concurrent: 'attribute' in each",
    )
  }
  running += 1
  try {
    // Run in the ledger's own context: what the work leads to after its end is still told from what others do meanwhile.
    return await watchWork((ledger) => ledger.inWork(work), resolved, { isStrict })
  } finally {
    running -= 1
  }
}

function whatIsGiven(work: unknown): string {
  if (work === null || work === undefined) return String(work)
  return typeof work === 'object' ? 'an object, perhaps a promise of work that runs already' : `a ${typeof work}`
}

/**
 * Insists that `work` leaves nothing open. Rethrows what the work itself threw, with `diagnosis` attached.
 * @throws {LeakError} unless the verdict is clean; its `diagnosis` says what, who and how to fix it.
 */
export async function expectNoLeaks(work: () => unknown, options: FindLeaksOptions = {}): Promise<void> {
  const diagnosis = await findLeaks(work, options)
  if (diagnosis.workError !== undefined) throw withDiagnosis(diagnosis.workError, diagnosis)
  if (diagnosis.verdict !== 'clean') throw new LeakError(describeDiagnosis(diagnosis), diagnosis)
}

/** As a property of its own where it takes one: whatever it is, the work's own error is what is thrown. */
function withDiagnosis(error: unknown, diagnosis: Diagnosis): unknown {
  const isObject = typeof error === 'object' && error !== null
  if (isObject) Reflect.defineProperty(error, 'diagnosis', { value: diagnosis, enumerable: true, configurable: true, writable: true })
  return error
}

/** One paragraph a finding: what, where, why we believe it, what to do. */
export function describeDiagnosis(diagnosis: Diagnosis): string {
  const lines = diagnosis.findings.map(({ code, count, openedAt, summary, evidence, advice }) => {
    const where =
      openedAt === null ? '' : ` opened at ${openedAt.file}:${openedAt.line}${openedAt.function === null ? '' : ` in ${openedAt.function}`}`
    const why = evidence.map(({ says, value }) => (value === null ? says : `${says}: ${value}`)).join('; ')
    return `  ${code} x${count}${where}\n    ${summary}\n    why  ${why}\n    fix  ${advice}`
  })
  const missing = diagnosis.missing.join('; ')
  // What could not be seen is why it is inconclusive; to findings it is an addition.
  const isReason = lines.length === 0 || diagnosis.verdict === 'inconclusive'
  const head = `${diagnosis.verdict}:${isReason && missing !== '' ? ` ${missing}` : ''}`
  return [head, ...lines, ...(isReason || missing === '' ? [] : [`  note  ${missing}`])].join('\n')
}

import { HarnessError } from '../../model/errors.ts'
import type { Missing } from '../../model/sighting.ts'

/** The subject's process does not exist any more (or is dead and not yet reaped): nothing to count, which is not the same as zero. */
export class SubjectGone extends HarnessError {
  override readonly name = 'SubjectGone'
  readonly pid: number
  constructor(pid: number, options?: ErrorOptions) {
    super('SUBJECT_FAILED', `process ${pid} is gone: its sockets can no longer be counted`, null, options)
    this.pid = pid
  }
}

/** The subject is there, but this probe may not or cannot look at it. `missing` is what belongs into the census instead of a count. */
export class SubjectUnreadable extends HarnessError {
  override readonly name = 'SubjectUnreadable'
  readonly missing: Missing
  constructor(missing: Missing, options?: ErrorOptions) {
    super('SUBJECT_FAILED', `${missing.probe}: ${missing.missing}`, null, options)
    this.missing = missing
  }
}

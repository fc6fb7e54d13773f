import type { Diagnosis } from './diagnosis.ts'

/** Why the harness itself could not do what was asked. Each has a documented exit code (product.md). */
export type HarnessErrorCode =
  | 'INVALID_OPTION'
  | 'INVALID_CONFIG'
  | 'UNKNOWN_SCENARIO'
  | 'INVALID_SCENARIO'
  | 'OVERLAPPING_CALLS'
  | 'NOT_REGISTERED'
  | 'BACKEND_UNAVAILABLE'
  | 'BACKEND_FAILED'
  | 'SUBJECT_FAILED'
  | 'REMOTE_NOT_ALLOWED'
  | 'UNSUPPORTED_NODE'
  | 'INTERRUPTED'

/** Says what, where, why we believe it and what to do, in that order. */
export class HarnessError extends Error {
  override readonly name: string = 'HarnessError'
  readonly code: HarnessErrorCode
  /** The message without its remedy. */
  readonly what: string
  /** What to do about it, one sentence; null when the message holds it. */
  readonly remedy: string | null
  constructor(code: HarnessErrorCode, message: string, remedy: string | null = null, options?: ErrorOptions) {
    super(remedy === null ? message : `${message}\n  remedy: ${remedy}`, options)
    this.code = code
    this.what = message
    this.remedy = remedy
  }
}

/** This machine cannot run that backend; `reason` and `remedy` go to `skipped` and to the headline. */
export class BackendUnavailable extends HarnessError {
  override readonly name = 'BackendUnavailable'
  readonly reason: string
  constructor(reason: string, remedy: string, options?: ErrorOptions) {
    super('BACKEND_UNAVAILABLE', reason, remedy, options)
    this.reason = reason
  }
}

/** This machine cannot run that scenario, whatever its backend; `reason` and `remedy` go to `skipped`. */
export class ScenarioUnavailable extends HarnessError {
  override readonly name = 'ScenarioUnavailable'
  constructor(reason: string, remedy: string, options?: ErrorOptions) {
    super('SUBJECT_FAILED', reason, remedy, options)
  }
}

/** Thrown by expectNoLeaks: something stayed open, or could not be judged. */
export class LeakError extends Error {
  override readonly name = 'LeakError'
  readonly diagnosis: Diagnosis
  constructor(message: string, diagnosis: Diagnosis, options?: ErrorOptions) {
    super(message, options)
    this.diagnosis = diagnosis
  }
}

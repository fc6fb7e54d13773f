/** A deadline for what can only come back while the subject, its peer and we ourselves get a turn. */

/** Later than asked by so much: the process got no turn. On a quiet machine a sleep is late by 1 to 5 ms. */
const LATE_MS = 50
/**
 * Turns that closing takes one after the other: a timer, the peer's answer to a FIN, its close, the event, our own look. Each may come as late as the
 * latest that was seen. Not all lateness added up: on a busy machine every short sleep is late, and a timer of 30 s is late once.
 */
const TURNS_TO_CLOSE = 5
/** What the subject has waited for a core is added, up to so many times the patience: beyond that a machine says nothing about deadlines. */
const STARVED_TIMES = 3

export interface DeadlineTerms {
  /** When the work ended. */
  readonly atMs: number
  /** From when on everything has to be back, on a machine with cores to spare. */
  readonly deadlineAtMs: number
  /** What the subject's event loop had waited for a core by the time its patience began to run; null: unknown. */
  readonly starvedMs: number | null
}

export interface PatientDeadline {
  /** As things stand. It only ever moves away. */
  atMs(): number
  /** The same without what the subject waited for a core: for what no core would have mended. */
  unmendedAtMs(): number
  /** Somebody who was to have a turn had it so much later. */
  forgive(lateMs: number): void
}

/** @param starvedMs what the subject's event loop has waited for a core by now. */
export function patientDeadline(terms: DeadlineTerms, starvedMs: () => number | null): PatientDeadline {
  const patienceMs = Math.max(0, terms.deadlineAtMs - terms.atMs)
  let forgivenMs = 0
  let starvedForMs = 0
  return {
    atMs() {
      // Of a subject that has gone nothing is known any more.
      starvedForMs = Math.max(starvedForMs, (starvedMs() ?? 0) - (terms.starvedMs ?? 0))
      return terms.deadlineAtMs + Math.max(forgivenMs, Math.min(starvedForMs, STARVED_TIMES * patienceMs))
    },
    unmendedAtMs: () => terms.deadlineAtMs + forgivenMs,
    forgive(lateMs) {
      if (lateMs > LATE_MS) forgivenMs = Math.max(forgivenMs, Math.min(patienceMs, TURNS_TO_CLOSE * lateMs))
    },
  }
}

import type { Finding } from './finding.ts'

export const VERDICTS = ['clean', 'leaked', 'misconfigured', 'inconclusive'] as const
export type Verdict = (typeof VERDICTS)[number]

/** Counts of one census, as reported. */
export interface CensusCounts {
  readonly sockets: number | null
  readonly handles: number | null
  readonly descriptors: number | null
  readonly byState: Readonly<Record<string, number>>
}

/** The verdict with its evidence. */
export interface Diagnosis {
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  /** What the work threw, if it did: the recount happens all the same. */
  readonly workError: unknown
  /** Why the verdict is inconclusive, or what could not be seen; empty when everything was. */
  readonly missing: readonly string[]
  readonly baseline: CensusCounts
  readonly peak: CensusCounts
  readonly recount: CensusCounts
  /** The idle deadline, counted from the end of the work. */
  readonly deadlineMs: number
  /** How long after the end of the work everything was back; null: it never was. */
  readonly returnedToBaselineMs: number | null
  /** Ordinal, at the leaking line, of the first request that never got a connection. */
  readonly blockedAtRequest: number | null
  readonly requests: { readonly sent: number; readonly ok: number; readonly failed: number }
  readonly connectionsOpened: number
}

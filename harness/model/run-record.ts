import type { BackendKind } from './backend.ts'
import type { CensusCounts, Verdict } from './diagnosis.ts'
import type { Finding, FindingCode, Place } from './finding.ts'

/** The JSON contract of product.md: what `run --json` prints. Fields that do not apply are null, never missing. */
export interface RunRecord {
  readonly schema: 'watertight/run@1'
  readonly tool: { readonly version: string }
  readonly environment: {
    readonly node: string
    readonly platform: string
    readonly docker: boolean
    /** The machine was busy with something else while we measured (load average above its cores at the start). */
    readonly contended: boolean
  }
  readonly runs: readonly ScenarioRun[]
  readonly skipped: readonly SkippedRun[]
  readonly totals: { readonly runs: number; readonly asExpected: number; readonly skipped: number; readonly wallMs: number }
}

export type VariantName = 'leaky' | 'fixed'

export interface Expectation {
  readonly verdict: Verdict
  readonly codes?: readonly FindingCode[]
  readonly blockedAtRequest?: number
  /** The work may open at most so many connections: what tells reading a body from throwing its connection away. Not part of the JSON. */
  readonly connectionsAtMost?: number
}

/** The same in a record: in the JSON document, and in what runScenario returns, its fields are not missing. */
export type RecordedExpectation = Omit<Expectation, 'blockedAtRequest'> & { readonly blockedAtRequest?: number | null }

export interface Proof {
  /** How many suspects were released. */
  readonly released: number
  /** How long the blocked request then took to be answered; null: nothing was blocked, or it never was. */
  readonly answeredInMs: number | null
  /** How long until everything was back at the baseline; null: it never was. */
  readonly baselineInMs: number | null
}

export interface LatencySummary {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  /**
   * Coordinated omission: while a slow answer was waited for, requests that were due were not sent. Corrected by adding what these would have
   * waited, one every so many ms on a connection. Null: not corrected, because the requests were the work's own and nobody had a schedule.
   */
  readonly expectedIntervalMs: number | null
}

/** The life of one thing that was still open at the recount, on the time axis of the timeline. It has no end: that is why it is here. */
export interface Lifeline {
  readonly what: 'request' | 'connection' | 'handle'
  /** For people: `GET /photos/object-0003`, `ESTABLISHED to 127.0.0.1:9000`, `timer`. */
  readonly label: string
  readonly openedAtMs: number
  /** When the response headers came; null: never, or not a request. */
  readonly headersAtMs: number | null
  readonly openedAt: Place | null
}

/** Counts over time; time 0 is shortly before the baseline. */
export interface Timeline {
  /** When the work began and ended, on the time axis of `tMs`; null: unknown, or it never did. The idle deadline counts from the end. */
  readonly workStartedAtMs: number | null
  readonly workEndedAtMs: number | null
  readonly tMs: readonly number[]
  readonly sockets: readonly number[]
  readonly handles: readonly (number | null)[]
  readonly descriptors: readonly (number | null)[]
  /** Of what leaked, oldest first; empty when nothing did. */
  readonly lifelines: readonly Lifeline[]
  /** How many more there were. */
  readonly lifelinesLeftOut: number
}

/** One variant of one scenario on one backend. */
export interface ScenarioRun {
  readonly scenario: string
  readonly case: string | null
  /** Null: not a scenario's, but a program that `exec` ran. */
  readonly variant: VariantName | null
  readonly layer: string
  readonly client: string
  readonly backend: BackendKind | null
  readonly profile: string | null
  readonly verdict: Verdict
  readonly expected: RecordedExpectation | null
  readonly asExpected: boolean
  /** Why it is not as expected, or why it is inconclusive; empty otherwise. */
  readonly notes: readonly string[]
  /** What the work itself has measured, a line each. */
  readonly measured: readonly string[]
  readonly findings: readonly Finding[]
  readonly baseline: CensusCounts
  readonly peak: CensusCounts
  readonly recount: CensusCounts
  readonly deadlineMs: number
  readonly returnedToBaselineMs: number | null
  readonly blockedAtRequest: number | null
  readonly proof: Proof | null
  readonly requests: { readonly sent: number; readonly ok: number; readonly failed: number }
  readonly connectionsOpened: number
  readonly latencyMs: LatencySummary | null
  readonly timeline: Timeline
  /** What the work threw, as text; null when it did not. */
  readonly workError: string | null
  readonly durationMs: number
}

/** Which cell of the matrix a run is: no two of one record share it. */
export type RunPlace = Pick<ScenarioRun, 'scenario' | 'case' | 'variant' | 'backend'>

/** A run that was planned and not made: its backend is missing, or the whole run ended first (model/journal.ts). */
export interface SkippedRun extends RunPlace {
  readonly reason: string
  readonly remedy: string
}

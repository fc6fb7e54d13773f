import type { PeerCount } from '../model/backend.ts'
import type { Census } from '../model/census.ts'
import type { Frame, LedgerPage, PoolRecovery } from '../model/ledger-page.ts'
import type { ResolvedOptions } from '../model/options.ts'

/**
 * How work was known to hang. `unanswered`: a service under load owes responses and nothing in it could end them. `never settled`: it ended by itself under a top-level await that nothing could settle any more (exit code 13).
 */
export type HungBecause = 'stalled' | 'unanswered' | 'timeout' | 'event loop blocked' | 'never settled'

export interface Hung {
  readonly afterMs: number
  readonly because: HungBecause
  /** The line it never leaves, where its event loop takes no turn; absent or null: not known. */
  readonly busyAt?: Frame | null
}

/** What was there when an iteration had ended and a moment had passed. */
export interface IterationCount {
  /** So many iterations had ended. */
  readonly after: number
  /** Descriptors that are neither a TCP socket nor a file; null: unknown. */
  readonly strangers: number | null
  readonly handles: Census['handles']
}

/** Everything a judgement rests on: two censuses, two pages, what the peer says. Plain data. */
export interface Material {
  readonly baseline: Census
  readonly peak: Census
  readonly recount: Census
  /** The ledger at the recount; null: none, or it did not answer. */
  readonly page: LedgerPage | null
  /** The ledger when the work had just ended, its pools still full; null: as `page`. */
  readonly workPage: LedgerPage | null
  /** The ledger up to a second before the recount: what differs still moves. */
  readonly earlierPage: LedgerPage | null
  /** Counts of the other side at the recount; empty where nobody needs them. */
  readonly peers: readonly PeerCount[]
  /** Pools whose slots were in doubt, asked again. */
  readonly recoveries: readonly PoolRecovery[]
  /** Set when the work never settled. */
  readonly hung: Hung | null
  readonly workError: unknown
  readonly deadlineMs: number
  readonly returnedToBaselineMs: number | null
  /** Left alone the subject would end now (true) or is kept by what is left (false); null: nobody watched for that. */
  readonly wouldExit: boolean | null
  /** Reasons why the recount may not be believed; any makes the verdict inconclusive. */
  readonly doubts: readonly string[]
  /** Counts after iterations, in order; empty when there were fewer than three. */
  readonly iterations: readonly IterationCount[]
  readonly options: ResolvedOptions
  /** Paths are reported relative to it. */
  readonly cwd: string
}

import type { PeerCount } from '../model/backend.ts'
import type { Census } from '../model/census.ts'
import type { LedgerPage } from '../model/ledger-page.ts'
import type { ResolvedOptions } from '../model/options.ts'

/** Everything a judgement rests on: two censuses, two pages, what the peer says. Plain data. */
export interface Material {
  readonly baseline: Census
  readonly peak: Census
  readonly recount: Census
  /** The ledger when the work ended; null: no ledger, or it did not answer. */
  readonly pageAtWorkEnd: LedgerPage | null
  /** The ledger at the recount. */
  readonly page: LedgerPage | null
  /** Counts of the other side at the recount. */
  readonly peers: readonly PeerCount[]
  /** Set when the work never settled. */
  readonly hung: { readonly afterMs: number; readonly because: 'stalled' | 'timeout' | 'event loop blocked' } | null
  readonly workError: unknown
  readonly deadlineMs: number
  readonly returnedToBaselineMs: number | null
  /** Reasons why the recount may not be believed; any makes the verdict inconclusive. */
  readonly doubts: readonly string[]
  readonly options: ResolvedOptions
  /** Paths are reported relative to it. */
  readonly cwd: string
}

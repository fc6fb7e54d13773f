import type { Census } from '../model/census.ts'
import type { Frame, LedgerPage, PoolRecovery } from '../model/ledger-page.ts'

/** How one round of the work ended. */
export type WorkOutcome =
  | { readonly type: 'done' }
  | { readonly type: 'threw'; readonly error: unknown }
  /** The subject itself is gone. */
  | { readonly type: 'exited'; readonly how: string }

/** Whose resources are watched. One interface for this process, a Node child and, later, any pid or container. */
export interface Subject extends AsyncDisposable {
  readonly pid: number
  /** All probes at one moment. A subject that has ended gives an empty census that says so in `missing`. Handles are asked for at baseline and recount only. */
  census(detail?: 'with handles'): Promise<Census>
  /** Open descriptors, in microseconds; null where it cannot be told. The cheap sign that something changed. */
  gauge(): number | null
  /** How long its event loop has waited for a core, all its life, ms; null where it cannot be told. A difference is time in which it could do nothing. */
  starvedMs(): number | null
  /** Lets its event loop do what is due: ticks, callbacks, immediates. Absent: it has one of its own, which does not wait for us. */
  takeTurns?(): Promise<void>
  /** What the ledger inside says; null when it does not answer in time (a blocked event loop). */
  page(): Promise<LedgerPage | null>
  /** The line it never leaves, where its event loop takes no turn; null: it cannot be told. Absent where nobody outside can look. */
  busyAt?(): Promise<Frame | null>
  /** Marks what follows as work: opened at iteration n (from 0). Before the first call everything belongs to the baseline. */
  beginWork(iteration: number): Promise<void>
  /** Runs the work once; never rejects. */
  runWork(iteration: number): Promise<WorkOutcome>
  endWork(): Promise<void>
  /** Tells the work to give up (aborts its signal). */
  abandonWork(): Promise<void>
  /** Lets go of every body nobody reads; returns how many. */
  releaseBodies(): Promise<number>
  /** Closes idle pooled connections; returns how many. */
  closeIdle(): Promise<number>
  /** The recovery probe: asks a pool whether it still serves; null where it cannot be asked. Absent: this subject's pools cannot. */
  askPool?(poolId: number): Promise<PoolRecovery | null>
}

import type { PeerCount } from '../model/backend.ts'
import type { Census } from '../model/census.ts'
import type { Clock } from '../model/clock.ts'
import type { WorkOutcome } from '../subjects/subject.ts'

export type PlotPhase = 'baseline' | 'work' | 'quiesce'

/** What surrounds a plot; everything but the clock may be left out. */
export interface Stage {
  readonly clock: Clock
  readonly cwd: string
  /** Others work in this subject, and its census shows the work's part alone: no use in waiting for counts that stand still. */
  readonly isBusyAround?: boolean
  readonly onPhase?: (phase: PlotPhase) => void
  /** The other side's counts, asked when something is left. */
  readonly countPeers?: () => Promise<readonly PeerCount[]>
  /** The census with the most connections, where somebody sampled. */
  readonly peak?: () => Census | null
  /** Does the work instead of the subject: load from outside. */
  readonly drive?: (iteration: number) => Promise<WorkOutcome>
  /** Work takes a lane, given back when it has ended or looks stalled; waiting takes none. */
  readonly takeLane?: () => Promise<() => void>
  /** Resolves when the work says that it only waits from now on: then it needs no lane. */
  readonly onlyWaits?: Promise<void>
  /** The subject has nothing left that would keep it from ending by itself. */
  readonly wouldExit?: () => boolean
}

/** Waiting for a process that may not be able to answer: one that gets no core is slow, and not blocked. */
import type { Clock } from '../model/clock.ts'
import { runDelayMs } from '../probes/run-delay.ts'

/** For how long a process is excused: a loop without an end waits for a core on a busy machine as others do, and shall be told from them some day. */
const AT_MOST_TIMES = 10

/** Time as a process can use it: the clock, less what its main thread has waited for a core. Only for differences. */
export const usableMs = (clock: Clock, pid: number): number => clock.nowMs() - (runDelayMs(pid) ?? 0)

export interface Patience {
  readonly ms: number
  readonly pid: number
  readonly clock: Clock
  /** Nobody waits any more. */
  readonly signal: AbortSignal
  /** Somebody wants to go: `ms` are all it gets. */
  readonly hurry: AbortSignal | null
}

/**
 * Resolves when `ms` have passed that the process could have used: what it waited for a core meanwhile is added, up to ten times `ms` in all. At once when `signal` is aborted.
 * Measured: loading a client is 0.2 s of CPU in one go, at a load of 14 on two cores 1.5 s in which nothing is answered.
 */
export async function patience(
  { ms, pid, clock, signal, hurry }: Patience,
  delayMs: (pid: number) => number | null = runDelayMs,
): Promise<void> {
  const before = delayMs(pid) ?? 0
  let excusedMs = 0
  let leftMs = ms
  let over = signal
  while (leftMs >= 1 && !over.aborted) {
    await clock.sleep(leftMs, over)
    if (hurry !== null) over = AbortSignal.any([signal, hurry])
    const lostMs = Math.max(0, (delayMs(pid) ?? before) - before)
    leftMs = Math.min(lostMs, ms * (AT_MOST_TIMES - 1)) - excusedMs
    excusedMs += leftMs
  }
}

import { setTimeout as after } from 'node:timers/promises'
import type { Clock } from '../model/clock.ts'

/** The process's own monotonic clock. Its sleeps hold the event loop on purpose: a paused socket does not keep Node alive (facts.md). */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await after(ms, undefined, signal === undefined ? {} : { signal })
    } catch {
      // Aborted: the sleep is over, which is all a sleeper wants to know.
    }
  },
}

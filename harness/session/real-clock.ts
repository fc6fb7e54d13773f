import { setTimeout as after } from 'node:timers/promises'
import type { Clock } from '../model/clock.ts'

// Taken when this file is loaded: a test may put fake timers in their place, and the wait for a leak is no part of its game.
const sleepFor = after
const nowMs = performance.now.bind(performance)

/** The process's own monotonic clock. Its sleeps hold the event loop on purpose: a paused socket does not keep Node alive (facts.md). */
export const realClock: Clock = {
  nowMs,
  async sleep(ms, signal) {
    try {
      await sleepFor(ms, undefined, signal === undefined ? {} : { signal })
    } catch {
      // Aborted: the sleep is over, which is all a sleeper wants to know.
    }
  },
}

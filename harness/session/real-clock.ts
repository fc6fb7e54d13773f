import { setTimeout as after, clearTimeout as forget } from 'node:timers'
import type { Clock } from '../model/clock.ts'

// Taken when this file is loaded: a test may put fake timers in their place, and the wait for a leak is no part of its game.
const startTimer = after
const clearTimer = forget
const nowMs = performance.now.bind(performance)

/** The process's own monotonic clock. Its sleeps hold the event loop on purpose: a paused socket does not keep Node alive (facts.md). */
export const realClock: Clock = {
  nowMs,
  // Not node:timers/promises: an aborted sleep is over, which is all a sleeper wants to know, and there it costs two errors with their stacks.
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const wake = (): void => {
        clearTimer(timer)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = startTimer(wake, ms)
      signal?.addEventListener('abort', wake)
    })
  },
}

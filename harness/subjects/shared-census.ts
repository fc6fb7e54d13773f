/**
 * Censuses of many processes by one that watches them all. A walk through the kernel's sockets takes 3 ms and more, mostly for its hash of 262,144 buckets, and
 * shows every process at once: who asks soon after a walk waits for the next, and shares it with all who asked meanwhile.
 */
import type { Census } from '../model/census.ts'
import type { Clock } from '../model/clock.ts'
import { takeCensuses } from './take-census.ts'

/** Walks take at most a twentieth of a core's time. */
const COST_SHARE = 20
/** So late at most is a census; a walk that once took long must not blind us. */
const LONGEST_WAIT_MS = 100

interface Asked {
  readonly pid: number
  resolve(census: Census): void
  reject(error: unknown): void
}

/** Takes censuses of many processes for one clock, without the handles, which only a process itself knows. Nothing is older than its question. */
export function censusTaker(clock: Clock, take = takeCensuses): (pid: number) => Promise<Census> {
  let asked: readonly Asked[] = []
  let nextAtMs = Number.NEGATIVE_INFINITY

  function walk(): void {
    const all = asked
    asked = []
    const startMs = clock.nowMs()
    try {
      const pids = [...new Set(all.map(({ pid }) => pid))]
      const censuses = take(pids, startMs)
      for (const { pid, resolve } of all) resolve(censuses[pids.indexOf(pid)] as Census)
    } catch (error) {
      for (const { reject } of all) reject(error)
    }
    const endMs = clock.nowMs()
    nextAtMs = endMs + Math.min(LONGEST_WAIT_MS, (endMs - startMs) * COST_SHARE)
  }

  return (pid) =>
    new Promise((resolve, reject) => {
      asked = [...asked, { pid, resolve, reject }]
      if (asked.length > 1) return
      const waitMs = nextAtMs - clock.nowMs()
      if (waitMs <= 0) walk()
      else void clock.sleep(waitMs).then(walk)
    })
}

const takers = new WeakMap<Clock, (pid: number) => Promise<Census>>()

/** The one taker of a clock. */
export function sharedCensus(clock: Clock, pid: number): Promise<Census> {
  const taker = takers.get(clock) ?? censusTaker(clock)
  takers.set(clock, taker)
  return taker(pid)
}

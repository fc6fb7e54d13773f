import { readFileSync } from 'node:fs'

/**
 * How long the main thread of a process, or the one that asks, has been ready to run and had no core, all its life, ms; null when unknown (no /proc, no
 * such process). The second number of /proc/<pid>/schedstat, which is nanoseconds (Linux, Documentation/scheduler/sched-stats.rst). Asking takes 0.02 ms.
 */
export function runDelayMs(pid: number | 'thread-self'): number | null {
  try {
    const [, waitedNs = ''] = readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')
    return Number(waitedNs) / 1e6
  } catch {
    return null
  }
}

/**
 * What the worst off of several processes has waited for a core, added up from one asking to the next, ms. The longest of their whole lives would hide what
 * a service waits behind a launcher that had waited longer, and would fall when that one ends. Who is new has waited for nothing yet.
 */
export function runDelayAmong(pids: Iterable<number>, delayMs: (pid: number) => number | null = runDelayMs): () => number {
  const lastMs = new Map<number, number | null>()
  let totalMs = 0
  return () => {
    let mostMs = 0
    for (const pid of pids) {
      const before = lastMs.get(pid)
      // It is gone.
      if (before === null) continue
      const now = delayMs(pid)
      lastMs.set(pid, now)
      mostMs = Math.max(mostMs, (now ?? 0) - (before ?? now ?? 0))
    }
    totalMs += mostMs
    return totalMs
  }
}

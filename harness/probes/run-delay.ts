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

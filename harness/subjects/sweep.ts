import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { liveProcess, RUN_ID_VARIABLE } from './run-id.ts'

/**
 * Kills (SIGKILL) what killed runners left behind, and only that: processes of our user and our pid namespace that were started with the id of
 * a run whose runner is dead. Never this process, its ancestors or pid 1. Where /proc is missing nothing is known and nothing is swept.
 *
 * @param isAlive `isRunnerAlive`; asked once for each run id.
 * @returns pids that were killed.
 */
export function sweepProcesses(isAlive: (runId: string) => boolean): readonly number[] {
  const spared = new Set([1, ...lineage(process.pid)])
  const verdicts = new Map<string, boolean>()
  return processIds().filter((pid) => {
    if (spared.has(pid)) return false
    const before = liveProcess(pid)
    const runId = before === null ? null : runIdOf(pid)
    if (before === null || runId === null) return false
    const isOwned = verdicts.get(runId) ?? isAlive(runId)
    verdicts.set(runId, isOwned)
    return !isOwned && killIfStill(pid, before.startTicks)
  })
}

/** A process and its ancestors: a test inside a left-over run must not cut off the branch it sits on. */
function lineage(pid: number): number[] {
  const pids: number[] = []
  for (let at = pid; at > 0 && !pids.includes(at); at = liveProcess(at)?.parent ?? 0) pids.push(at)
  return pids
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isSafeInteger)
  } catch {
    return []
  }
}

/**
 * The run id a process was started with; null for none, and for a process that is not ours to judge: another user's, or one in another
 * pid namespace, where the runner's pid in the id means another process than here.
 */
function runIdOf(pid: number): string | null {
  try {
    if (statSync(`/proc/${pid}`).uid !== process.getuid?.()) return null
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
    if (!environment.includes(RUN_ID_VARIABLE)) return null
    if (readlinkSync(`/proc/${pid}/ns/pid`) !== readlinkSync('/proc/self/ns/pid')) return null
    const entry = environment.split('\0').find((variable) => variable.startsWith(`${RUN_ID_VARIABLE}=`))
    return entry?.slice(RUN_ID_VARIABLE.length + 1) || null
  } catch {
    // Ended meanwhile, or not readable: not ours.
    return null
  }
}

/** The pid may have been given to another process since it was looked at: same start time, same process. */
function killIfStill(pid: number, startTicks: string): boolean {
  if (liveProcess(pid)?.startTicks !== startTicks) return false
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}

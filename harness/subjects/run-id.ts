import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Environment variable that carries the run id into every process a run starts. */
export const RUN_ID_VARIABLE = 'WATERTIGHT_RUN_ID'

/** What /proc/<pid>/stat says of a process that has not ended; `startTicks` with the pid is its identity, for pids are used again. */
export interface LiveProcess {
  readonly parent: number
  /** Field 22 of proc(5), in clock ticks since boot; as text, because it is only ever compared. */
  readonly startTicks: string
}

/** Null when there is no such process, or it is dead and not yet waited for, or there is no /proc. */
export function liveProcess(pid: number): LiveProcess | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Fields from the third on: the second is the name in parentheses, and may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state = 'X', parent] = fields
    const startTicks = fields[22 - 3]
    if ('ZXx'.includes(state) || startTicks === undefined) return null
    return { parent: Number(parent), startTicks }
  } catch {
    return null
  }
}

/** `<pid>.<start ticks>.<random>` of this process as a runner. Start ticks are 0 where /proc is missing. */
export function newRunId(): string {
  return `${process.pid}.${liveProcess(process.pid)?.startTicks ?? '0'}.${randomBytes(6).toString('hex')}`
}

/**
 * Does the process that made this run id still run? A pid that now belongs to another process does not count.
 * In doubt (not a run id, start time unknown and the pid in use) true: whoever asks means to kill.
 */
export function isRunnerAlive(runId: string): boolean {
  const [, pidText, startTicks] = /^([1-9]\d{0,9})\.(\d+)\.[0-9a-f]+$/.exec(runId) ?? []
  if (pidText === undefined) return true
  const pid = Number(pidText)
  const live = liveProcess(pid)
  if (live !== null && startTicks !== '0') return live.startTicks === startTicks
  return live !== null || (!hasProc() && answersSignal(pid))
}

/** Is there a /proc to look at? */
export function hasProc(): boolean {
  return liveProcess(process.pid) !== null
}

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

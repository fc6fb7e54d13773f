/** A process and all it started, by parent pid. */
import { readdirSync } from 'node:fs'
import { liveProcess } from './run-id.ts'

/** One process that is alive; the start time tells it from a later one with the same pid. */
export interface Member {
  readonly pid: number
  readonly startTicks: string
}

/** `roots` and their descendants, those alive. Without /proc nothing is known of any. */
export function processTree(roots: readonly number[]): readonly Member[] {
  const children = new Map<number, number[]>()
  for (const pid of processIds()) {
    const live = liveProcess(pid)
    if (live !== null) children.set(live.parent, [...(children.get(live.parent) ?? []), pid])
  }
  const found = new Set(roots)
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child)
  return [...found].flatMap((pid) => {
    const live = liveProcess(pid)
    return live === null ? [] : [{ pid, startTicks: live.startTicks }]
  })
}

function processIds(): readonly number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isSafeInteger)
  } catch {
    return []
  }
}

/** Sends a signal unless the process has ended, or its pid is another's by now. */
export function signalMember({ pid, startTicks }: Member, signal: NodeJS.Signals): void {
  if (liveProcess(pid)?.startTicks !== startTicks) return
  try {
    process.kill(pid, signal)
  } catch {
    // Ended meanwhile.
  }
}

/** The line of the user's own code that a process never leaves, asked from outside: nobody inside has a turn to answer. */
import { userFrame } from '../ledger/stacks.ts'
import type { Frame } from '../model/ledger-page.ts'
import { stackThatStays } from '../probes/busy-at.ts'
import { openInspector } from '../probes/inspector.ts'
import { theKernelProbe } from './take-census.ts'

/** Of the first of several that has one. */
export async function firstBusyFrame(pids: Iterable<number>): Promise<Frame | null> {
  for (const pid of pids) {
    const frame = await busyFrame(pid)
    if (frame !== null) return frame
  }
  return null
}

/** Null: it is no Node, it is in a call of the system, or no code of the user's own is on its stack. */
export async function busyFrame(pid: number): Promise<Frame | null> {
  try {
    await using inspector = await openInspector(pid, theKernelProbe())
    const main = await inspector.evaluate('process.argv[1]')
    return userFrame(await stackThatStays(inspector), typeof main === 'string' ? main : '')
  } catch {
    // A hang stays one without its line: what could not be seen is not made up.
    return null
  }
}

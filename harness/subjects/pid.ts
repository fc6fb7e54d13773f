/** A process nobody prepared, with the children it has: seen by the kernel alone. */
import { HarnessError } from '../model/errors.ts'
import type { MemberLook } from '../model/outside.ts'
import { countDescriptors } from '../probes/descriptors.ts'
import { inodesOf, ownedSightings } from '../probes/kernel/network-table.ts'
import { SubjectGone, SubjectUnreadable } from '../probes/kernel/subject-errors.ts'
import { cpuMsOf, descriptorLimitOf, isAsleep, networkOf, programOf } from '../probes/process-facts.ts'
import type { OutsideSubject, TableOf } from './outside.ts'
import { processTree } from './process-tree.ts'
import { hasProc, liveProcess } from './run-id.ts'

/** @throws {HarnessError} when there is no such process, or it may not be looked at. */
export function watchPid(pid: number, name = `pid ${pid}`): OutsideSubject {
  const live = liveProcess(pid)
  if (live === null)
    throw new HarnessError(
      'INVALID_OPTION',
      hasProc() ? `there is no process ${pid}` : 'processes can be looked at from outside on Linux only: there is no /proc here',
      hasProc() ? 'find its pid with pgrep or ps; a process inside a container is named by its pid out here, or by the container' : null,
    )
  const isSame = (): boolean => liveProcess(pid)?.startTicks === live.startTicks
  // Said at once and with the remedy, not as a verdict later.
  lookOnce(pid)
  return {
    name,
    census: async (tableOf) => censusOf(name, isSame() ? processTree([pid]).map((member) => member.pid) : [], tableOf),
    stop: async () => {},
  }
}

/** `node (pid 4711)`: what to call a process nobody gave a name. */
export function nameOfPid(pid: number): string {
  const program = programOf(pid)
  return program === null ? `pid ${pid}` : `${program} (pid ${pid})`
}

function lookOnce(pid: number): void {
  try {
    inodesOf([pid])
  } catch (error) {
    if (error instanceof SubjectGone) throw new HarnessError('INVALID_OPTION', `process ${pid} has ended`, 'find the pid of one that runs')
    if (!(error instanceof SubjectUnreadable)) throw error
    throw new HarnessError('SUBJECT_FAILED', `process ${pid} may not be looked at: ${error.missing.missing}`, 'sudo watertight attach ...')
  }
}

/** @param pids of one member, those alive; none: it has ended. */
export function censusOf(name: string, pids: readonly number[], tableOf: TableOf): MemberLook {
  const [first] = pids
  const ended = (): MemberLook => ({ ...NOBODY, name, sockets: [], hasEnded: true })
  if (first === undefined) return ended()
  const network = networkOf(first)
  const counts = pids.map((pid) => ({ open: countDescriptors(pid), most: descriptorLimitOf(pid) }))
  const left = counts.flatMap(({ open, most }) => (open === null || most === null ? [] : most - open))
  const facts = {
    name,
    pids,
    network,
    descriptors: counts.some(({ open }) => open === null) ? null : counts.reduce((sum, { open }) => sum + (open ?? 0), 0),
    descriptorsLeft: left.length === 0 ? null : Math.min(...left),
    cpuMs: cpuOf(pids),
    isAsleep: pids.every(isAsleep),
    goroutines: null,
    hasEnded: false,
  }
  try {
    const owned = inodesOf(pids)
    const sockets = ownedSightings(tableOf(first, network), owned)
    return { ...facts, sockets, missing: [] }
  } catch (error) {
    if (error instanceof SubjectGone) {
      const others = pids.filter((pid) => liveProcess(pid) !== null && pid !== error.pid)
      return censusOf(name, others, tableOf)
    }
    if (error instanceof SubjectUnreadable) return { ...facts, sockets: null, missing: [error.missing] }
    throw error
  }
}

function cpuOf(pids: readonly number[]): number | null {
  const each = pids.map(cpuMsOf)
  return each.includes(null) ? null : each.reduce<number>((sum, ms) => sum + (ms ?? 0), 0)
}

const NOBODY: Omit<MemberLook, 'name'> = {
  pids: [],
  network: '',
  sockets: null,
  descriptors: null,
  descriptorsLeft: null,
  cpuMs: null,
  isAsleep: false,
  goroutines: null,
  hasEnded: false,
  missing: [],
}

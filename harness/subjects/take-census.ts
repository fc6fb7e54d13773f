import type { Census } from '../model/census.ts'
import { countDescriptors } from '../probes/descriptors.ts'
import { type KernelProbe, kernelProbe } from '../probes/kernel/kernel-probe.ts'
import { SubjectUnreadable } from '../probes/kernel/subject-errors.ts'
import { hasProc, liveProcess } from './run-id.ts'

/** The probe of this machine, made once: making it loads koffi, which takes 10 to 44 ms (facts.md). */
let probe: KernelProbe | null = null
export function theKernelProbe(): KernelProbe {
  probe ??= kernelProbe()
  return probe
}

/** Looks at one process with every probe that works from outside it. */
export function takeCensus(pid: number, nowMs: number, handles: Census['handles']): Census {
  const [census] = takeCensuses([pid], nowMs)
  if (census === undefined) throw new Error('one process has one census')
  return { ...census, handles }
}

/** At each of several, in their order and in one walk through the kernel's sockets; without the handles, which only the process itself knows. */
export function takeCensuses(pids: readonly number[], nowMs: number): readonly Census[] {
  const kernel = theKernelProbe()
  const available = kernel.available()
  const known = pids.map((pid) => ({ atMs: nowMs, descriptors: countDescriptors(pid), handles: null }))
  const seen = available === true ? kernel.lookAroundEach(pids.map((pid) => ({ pid }))) : []
  return known.map((each, index): Census => {
    const around = seen[index]
    if (around !== undefined && !(around instanceof Error)) return { ...each, ...around, missing: [] }
    const unseen = { sockets: null, files: null }
    if (around instanceof SubjectUnreadable) return { ...each, ...unseen, missing: [around.missing] }
    const missing = around?.message ?? (available === true ? 'nothing was seen' : available.missing)
    return { ...each, ...unseen, missing: [{ probe: kernel.name, missing }] }
  })
}

/** Several processes as one subject. What has ended meanwhile holds nothing; a socket that two of them share is one. */
export function takeCensusOf(pids: readonly number[], nowMs: number, handles: Census['handles']): Census {
  const censuses = takeCensuses(pids, nowMs)
  const each = pids.flatMap((pid, index) => {
    const census = censuses[index]
    return census !== undefined && (liveProcess(pid) !== null || !hasProc()) ? [{ pid, census }] : []
  })
  const blind = each.flatMap(({ census }) => (census.sockets === null ? census.missing : []))
  const sockets = new Map(each.flatMap(({ census }) => (census.sockets ?? []).map((socket) => [socket.inode, socket] as const)))
  const descriptors = each.map(({ census }) => census.descriptors)
  return {
    atMs: nowMs,
    sockets: blind.length > 0 ? null : [...sockets.values()],
    files: blind.length > 0 ? null : each.flatMap(({ census }) => census.files ?? []),
    descriptors: descriptors.includes(null) ? null : descriptors.reduce<number>((sum, count) => sum + (count ?? 0), 0),
    handles,
    missing: blind.slice(0, 1),
  }
}

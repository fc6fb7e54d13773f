import type { Census } from '../model/census.ts'
import type { Missing } from '../model/sighting.ts'
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
  const kernel = theKernelProbe()
  const available = kernel.available()
  const descriptors = countDescriptors(pid)
  const unseen = (missing: string): Census => ({
    atMs: nowMs,
    sockets: null,
    files: null,
    descriptors,
    handles,
    missing: [{ probe: kernel.name, missing }],
  })
  if (available !== true) return unseen(available.missing)
  try {
    return { atMs: nowMs, ...kernel.lookAround({ pid }), descriptors, handles, missing: [] satisfies Missing[] }
  } catch (error) {
    if (error instanceof SubjectUnreadable) return { ...unseen(''), missing: [error.missing] }
    return unseen(error instanceof Error ? error.message : String(error))
  }
}

/** Several processes as one subject. What has ended meanwhile holds nothing; a socket that two of them share is one. */
export function takeCensusOf(pids: readonly number[], nowMs: number, handles: Census['handles']): Census {
  const each = pids
    .map((pid) => ({ pid, census: takeCensus(pid, nowMs, null) }))
    .filter(({ pid }) => liveProcess(pid) !== null || !hasProc())
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

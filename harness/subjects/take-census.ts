import type { Census } from '../model/census.ts'
import type { Missing } from '../model/sighting.ts'
import { countDescriptors } from '../probes/descriptors.ts'
import { type KernelProbe, kernelProbe } from '../probes/kernel/kernel-probe.ts'
import { SubjectUnreadable } from '../probes/kernel/subject-errors.ts'

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
    descriptors,
    handles,
    missing: [{ probe: kernel.name, missing }],
  })
  if (available !== true) return unseen(available.missing)
  try {
    return { atMs: nowMs, sockets: kernel.look({ pid }), descriptors, handles, missing: [] satisfies Missing[] }
  } catch (error) {
    if (error instanceof SubjectUnreadable) return { ...unseen(''), missing: [error.missing] }
    return unseen(error instanceof Error ? error.message : String(error))
  }
}

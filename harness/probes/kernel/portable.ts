import { SubjectUnreadable } from './subject-errors.ts'

export const PORTABLE = 'kernel-portable'

/** Where no kernel table tells sockets and owners apart without a privileged program: says so, and never counts zero. */
export function portableMissing(system: string): string {
  return `${system} shows no table of TCP sockets and their owners; run on Linux, or in a Linux container, to have the kernel's view`
}

/** Always throws: `look` of a probe that cannot see. */
export function refuseToLook(missing: string): never {
  throw new SubjectUnreadable({ probe: PORTABLE, missing })
}

/** The descriptors of files that the work has opened: what is written down of each, and whether it is still the same file. */
import { fstatSync, readlinkSync } from 'node:fs'
import type { Capture } from './stacks.ts'

export interface FileEntry {
  readonly id: number
  readonly descriptor: number
  /** As it was asked for. */
  readonly path: string
  /** Device and inode: a descriptor's number is used again for the next file. */
  readonly identity: string
  /** Of fs.promises.open; its descriptor is negative once it is closed. Weak, because one that is collected closes itself. */
  readonly handle: WeakRef<{ readonly fd: number }> | null
  readonly capture: Capture
  readonly openedAtMs: number
  readonly iteration: number
}

export interface FileBook {
  /** By descriptor. */
  readonly opened: Map<number, FileEntry>
  /** Nobody closed them; garbage collection did, and Node warned. */
  readonly collected: FileEntry[]
  /** The methods are wrapped. One that a program has taken hold of earlier notes nothing while they are not. */
  isWatched: boolean
}

export const emptyFiles = (): FileBook => ({ opened: new Map(), collected: [], isWatched: false })

/** Which file a descriptor stands for now; null: it is closed. */
export function identityOf(descriptor: number): string | null {
  try {
    const { dev, ino } = fstatSync(descriptor)
    return `${dev}:${ino}`
  } catch {
    return null
  }
}

export function isStillOpen({ descriptor, identity, handle }: FileEntry): boolean {
  const held = handle?.deref()
  return (held === undefined || held.fd === descriptor) && identityOf(descriptor) === identity
}

/** The path as the kernel has it, which is how a census names it; as it was asked for where there is no /proc. */
export function pathOf({ descriptor, path }: FileEntry): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return path
  }
}

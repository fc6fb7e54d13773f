import { existsSync } from 'node:fs'
import type { FileSighting, Pid, SocketSighting } from '../../model/sighting.ts'
import { attempt } from './attempt.ts'
import { assertAlive, ownedDescriptors } from './owned-inodes.ts'
import { PORTABLE, portableMissing, refuseToLook } from './portable.ts'
import { PROCFS, readProcfsRows } from './procfs.ts'
import { SOCK_DIAG, sockDiagRows } from './sock-diag.ts'
import { type ReadRows, toSightings } from './tcp-row.ts'

/** The kernel's own view of the TCP sockets of one process. Leaves nothing open between looks. */
export interface KernelProbe {
  /** 'kernel-sock-diag' | 'kernel-procfs' | 'kernel-portable' */
  readonly name: string
  available(): true | { readonly missing: string }
  /**
   * All TCP sockets, IPv4 and IPv6, in the descriptor table of the subject, now. Synchronous.
   * Not among them, because the kernel itself knows no owner: TIME_WAIT, orphaned and not yet accepted connections.
   *
   * @throws {SubjectGone} the process has ended. @throws {SubjectUnreadable} it may not be looked at; its `missing` names the remedy.
   */
  look(subject: Pid): readonly SocketSighting[]
  /** The same, with the files of the same walk through its descriptors. */
  lookAround(subject: Pid): Surroundings
  /** At several at once, in one walk through the kernel's sockets: that costs the same for one process as for thirty. An error stands in the place of its process. */
  lookAroundEach(subjects: readonly Pid[]): readonly (Surroundings | Error)[]
}

export interface Surroundings {
  readonly sockets: readonly SocketSighting[]
  readonly files: readonly FileSighting[]
}

/**
 * The best kernel probe of this machine: sock_diag when koffi loads and the kernel answers, else /proc, else one that says what is missing.
 * The environment variable WATERTIGHT_NO_KOFFI=1 leaves koffi out. Make it before the baseline: it loads koffi.
 */
export function kernelProbe(): KernelProbe {
  if (process.platform !== 'linux') return blindProbe(portableMissing(process.platform))
  if (!existsSync('/proc/self/net/tcp'))
    return blindProbe("/proc is not mounted here; mount it (mount -t proc proc /proc) to have the kernel's view")
  const readRows = process.env.WATERTIGHT_NO_KOFFI === '1' ? null : sockDiagRows()
  return typeof readRows === 'function' ? seeingProbe(SOCK_DIAG, readRows) : seeingProbe(PROCFS, readProcfsRows)
}

/** A probe on a table of rows; exported for its test. */
export function seeingProbe(name: string, readRows: ReadRows): KernelProbe {
  function lookAroundEach(subjects: readonly Pid[]): readonly (Surroundings | Error)[] {
    // Owners first: what is closed in between is then in neither, what is opened in between belongs to the next look.
    const owned = subjects.map(({ pid }) => attempt(() => ({ pid, ...ownedDescriptors(pid, name) })))
    const owners = owned.flatMap((each) => (each instanceof Error || each.sockets.size === 0 ? [] : [each]))
    const read = owners.length === 0 ? [] : readRows(owners)
    const rowsOf = new Map(owners.map((owner, index) => [owner, read[index] ?? []] as const))
    return owned.map((owner) =>
      attempt(() => {
        if (owner instanceof Error) throw owner
        const rows = rowsOf.get(owner)
        if (rows === undefined) return { sockets: [], files: owner.files }
        if (rows instanceof Error) throw rows
        // Died in between: its sockets are not in the rows, and no rows must not read as clean.
        assertAlive(owner.pid)
        return { sockets: toSightings(rows), files: owner.files }
      }),
    )
  }
  function lookAround(subject: Pid): Surroundings {
    const [seen] = lookAroundEach([subject])
    if (seen === undefined || seen instanceof Error) throw seen
    return seen
  }
  return { name, available: () => true, look: (subject) => lookAround(subject).sockets, lookAround, lookAroundEach }
}

function blindProbe(missing: string): KernelProbe {
  const refuse = (): never => refuseToLook(missing)
  return { name: PORTABLE, available: () => ({ missing }), look: refuse, lookAround: refuse, lookAroundEach: refuse }
}

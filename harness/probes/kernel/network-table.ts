/** Everything the kernel knows of TCP in the network namespace of a process: its own sockets, and those nobody owns. */
import type { OwnerlessSighting } from '../../model/outside.ts'
import type { SocketSighting } from '../../model/sighting.ts'
import { ownedDescriptors } from './owned-inodes.ts'
import { readWholeProcfs } from './procfs.ts'
import { readNetwork } from './sock-diag.ts'
import { type TcpRow, toSightings } from './tcp-row.ts'

const PROBE = 'kernel-network'

/** As for the kernel probe: WATERTIGHT_NO_KOFFI=1 leaves koffi out, and then nobody counts what a connection has carried. */
export const readTable = (pid: number): readonly TcpRow[] =>
  process.env.WATERTIGHT_NO_KOFFI === '1' ? readWholeProcfs(pid) : readNetwork(pid)

/**
 * Inodes of the sockets of these processes, before the table is read: what is closed in between is then in neither.
 * @throws {SubjectGone} @throws {SubjectUnreadable}
 */
export function inodesOf(pids: readonly number[]): ReadonlySet<number> {
  return new Set(pids.flatMap((pid) => [...ownedDescriptors(pid, PROBE).sockets]))
}

/** Of these processes, as one: a socket that several of them share is one, and a listener of one makes another's socket inbound. */
export function ownedSightings(rows: readonly TcpRow[], owned: ReadonlySet<number>): readonly SocketSighting[] {
  const byInode = new Map(rows.filter((row) => row.inode > 0 && owned.has(row.inode)).map((row) => [row.inode, row]))
  return toSightings([...byInode.values()])
}

export function ownerlessSightings(rows: readonly TcpRow[], network: string): readonly OwnerlessSighting[] {
  return toSightings(rows.filter((row) => row.inode === 0)).map(({ state, local, remote, receiveQueueBytes, sendQueueBytes }) => ({
    network,
    state,
    local,
    remote,
    receiveQueueBytes: receiveQueueBytes ?? 0,
    sendQueueBytes: sendQueueBytes ?? 0,
  }))
}

import { readlinkSync } from 'node:fs'
import { getSystemErrorMessage } from 'node:util'
import { type AddressFamily, AF_INET, AF_INET6, dumpRequest, readDump } from './inet-diag.ts'
import { type Libc, loadLibc } from './libc.ts'
import { blindness } from './owned-inodes.ts'
import { readProcfsRows } from './procfs.ts'
import type { ReadRows, TcpRow } from './tcp-row.ts'

export const SOCK_DIAG = 'kernel-sock-diag'

const AF_NETLINK = 16
const SOCK_RAW = 3
/** O_CLOEXEC of every architecture Node runs on: a child forked by another thread must not inherit our netlink socket. */
const SOCK_CLOEXEC = 0o2000000
const NETLINK_SOCK_DIAG = 4
/** Flags of recv: never wait (each answer of a dump is queued before we ask for it), and tell the true length of a datagram cut short. */
const MSG_DONTWAIT_TRUNC = 0x40 | 0x20
/** The kernel fills at most 32 KiB for each datagram of a dump (net/netlink/af_netlink.c), when the reader offers so much. */
const BUFFER_BYTES = 65_536
const MAX_ATTEMPTS = 3

/** Why a dump failed: the call and its errno. */
class NetlinkError extends Error {
  override readonly name = 'NetlinkError'
}

let buffer: Buffer | undefined
let lastSequence = 0

/**
 * A reader of rows by netlink sock_diag, or why there is none. The first dump is made here, so that a kernel or a sandbox
 * without sock_diag shows at once. A subject in another network namespace, and a dump that fails later, are read from /proc.
 */
export function sockDiagRows(libc = loadLibc()): ReadRows | { readonly missing: string } {
  if ('missing' in libc) return libc
  try {
    dumpBoth(libc, new Set())
  } catch (error) {
    return { missing: `sock_diag does not answer (${error instanceof Error ? error.message : error})` }
  }
  return (pid, owned) => {
    if (!isInOurNetwork(pid)) return readProcfsRows(pid, owned)
    try {
      return dumpBoth(libc, owned)
    } catch (error) {
      if (error instanceof NetlinkError) return readProcfsRows(pid, owned)
      throw error
    }
  }
}

/** Joining the other namespace (setns) would take CAP_SYS_ADMIN; /proc shows the tables of any process we may look at. */
function isInOurNetwork(pid: number): boolean {
  if (pid === process.pid) return true
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net')
  } catch (error) {
    throw blindness(pid, SOCK_DIAG, error)
  }
}

function dumpBoth(libc: Libc, owned: ReadonlySet<number>): readonly TcpRow[] {
  const rows = new Map<number, TcpRow>()
  const descriptor = checked(libc, 'socket', libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG))
  try {
    dump(libc, descriptor, AF_INET, owned, rows)
    dump(libc, descriptor, AF_INET6, owned, rows)
  } finally {
    libc.close(descriptor)
  }
  return [...rows.values()]
}

/**
 * A table that changed under the dump is asked again. If it never stands still the last answer counts: rows are kept by inode,
 * and those a dump can skip are sockets being opened or closed in that very moment.
 */
function dump(libc: Libc, descriptor: number, family: AddressFamily, owned: ReadonlySet<number>, rows: Map<number, TcpRow>): void {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const found = new Map<number, TcpRow>()
    const isWhole = dumpOnce(libc, descriptor, family, owned, found)
    if (!isWhole && attempt < MAX_ATTEMPTS) continue
    for (const [inode, row] of found) rows.set(inode, row)
    return
  }
}

function dumpOnce(libc: Libc, descriptor: number, family: AddressFamily, owned: ReadonlySet<number>, rows: Map<number, TcpRow>): boolean {
  buffer ??= Buffer.alloc(BUFFER_BYTES)
  lastSequence = (lastSequence + 1) >>> 0
  const request = dumpRequest(family, lastSequence)
  checked(libc, 'send', libc.send(descriptor, request, request.length, 0))
  let isWhole = true
  for (;;) {
    const length = checked(libc, 'recv', libc.recv(descriptor, buffer, buffer.length, MSG_DONTWAIT_TRUNC))
    if (length === 0 || length > buffer.length) throw new NetlinkError(`recv: a datagram of ${length} bytes for ${buffer.length}`)
    const progress = readDump(buffer.subarray(0, length), lastSequence, owned, rows)
    if (progress.isInterrupted) isWhole = false
    if (progress.errno !== null) throw new NetlinkError(`dump: ${getSystemErrorMessage(-progress.errno)}`)
    if (progress.isDone) return isWhole
  }
}

/** The result of a call, or a NetlinkError with its errno. */
function checked(libc: Libc, call: string, result: number): number {
  if (result < 0) throw new NetlinkError(`${call}: ${getSystemErrorMessage(-libc.errno())}`)
  return result
}

import { closeSync, openSync, readlinkSync } from 'node:fs'
import { getSystemErrorMessage } from 'node:util'
import { attempt } from './attempt.ts'
import { type DumpProgress, dumpRequest, readDump, readWholeDump } from './inet-diag.ts'
import { type Libc, loadLibc } from './libc.ts'
import { blindness } from './owned-inodes.ts'
import { readProcfsRows, readWholeProcfs } from './procfs.ts'
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
 * without sock_diag shows at once. One dump serves all that are asked for together. A subject in another network namespace, and a dump that fails later, are read
 * from /proc.
 */
export function sockDiagRows(libc = loadLibc()): ReadRows | { readonly missing: string } {
  if ('missing' in libc) return libc
  try {
    dumpOwned(libc, new Set())
  } catch (error) {
    return { missing: `sock_diag does not answer (${error instanceof Error ? error.message : error})` }
  }
  return (owners) => {
    const isOurs = owners.map(({ pid }) => attempt(() => isInOurNetwork(pid)))
    const inOurs = owners.filter((_, index) => isOurs[index] === true)
    try {
      const rows = inOurs.length === 0 ? [] : dumpOwned(libc, new Set(inOurs.flatMap(({ sockets }) => [...sockets])))
      return owners.flatMap((owner, index) => {
        const ours = isOurs[index]
        if (ours instanceof Error) return [ours]
        return ours ? [rows.filter(({ inode }) => owner.sockets.has(inode))] : readProcfsRows([owner])
      })
    } catch (error) {
      if (error instanceof NetlinkError) return readProcfsRows(owners)
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

const openNetlink = (libc: Libc): number => checked(libc, 'socket', libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG))

function dumpOwned(libc: Libc, owned: ReadonlySet<number>): readonly TcpRow[] {
  const descriptor = openNetlink(libc)
  try {
    const rows = dump<Map<number, TcpRow>>(libc, descriptor, false, {
      start: () => new Map(),
      read: (datagram, sequence, found) => readDump(datagram, sequence, owned, found),
    })
    return [...rows.values()]
  } finally {
    libc.close(descriptor)
  }
}

/**
 * Every row of the network namespace of `pid`, those without an owner among them, with what each connection has carried. In another namespace this
 * takes CAP_SYS_ADMIN; without it, and where koffi does not work, /proc has the rows but no counters.
 */
export function readNetwork(pid: number, libc = loadLibc()): readonly TcpRow[] {
  if ('missing' in libc) return readWholeProcfs(pid)
  try {
    const descriptor = isInOurNetwork(pid) ? openNetlink(libc) : openNetlinkIn(libc, pid)
    try {
      return dump<TcpRow[]>(libc, descriptor, true, {
        start: () => [],
        read: (datagram, sequence, found) => readWholeDump(datagram, sequence, (row) => found.push(row)),
      })
    } finally {
      libc.close(descriptor)
    }
  } catch (error) {
    if (error instanceof NetlinkError) return readWholeProcfs(pid)
    throw error
  }
}

const CLONE_NEWNET = 0x40000000

/** A netlink socket stays in the namespace it was made in, so this thread is there for one call: nothing else can open a socket meanwhile. */
function openNetlinkIn(libc: Libc, pid: number): number {
  const home = openSync('/proc/thread-self/ns/net', 'r')
  try {
    const there = openSync(`/proc/${pid}/ns/net`, 'r')
    try {
      checked(libc, 'setns', libc.setns(there, CLONE_NEWNET))
    } finally {
      closeSync(there)
    }
    try {
      return openNetlink(libc)
    } finally {
      comeBack(libc, home)
    }
  } finally {
    closeSync(home)
  }
}

function comeBack(libc: Libc, home: number): void {
  if (libc.setns(home, CLONE_NEWNET) < 0) throw new Error('this thread cannot come back from the network namespace it looked into')
}

/** How the answers of one dump are collected. */
interface Collecting<T> {
  start(): T
  read(datagram: Uint8Array, sequence: number, found: T): DumpProgress
}

/**
 * A table that changed under the dump is asked again. If it never stands still the last answer counts: rows are kept by inode,
 * and those a dump can skip are sockets being opened or closed in that very moment.
 */
function dump<T>(libc: Libc, descriptor: number, withTraffic: boolean, how: Collecting<T>): T {
  for (let attempt = 1; ; attempt++) {
    const found = how.start()
    const isWhole = dumpOnce(libc, descriptor, dumpRequest(nextSequence(), withTraffic), (datagram) =>
      how.read(datagram, lastSequence, found),
    )
    if (isWhole || attempt >= MAX_ATTEMPTS) return found
  }
}

function nextSequence(): number {
  lastSequence = (lastSequence + 1) >>> 0
  return lastSequence
}

function dumpOnce(libc: Libc, descriptor: number, request: Buffer, read: (datagram: Uint8Array) => DumpProgress): boolean {
  buffer ??= Buffer.alloc(BUFFER_BYTES)
  checked(libc, 'send', libc.send(descriptor, request, request.length, 0))
  let isWhole = true
  for (;;) {
    const length = checked(libc, 'recv', libc.recv(descriptor, buffer, buffer.length, MSG_DONTWAIT_TRUNC))
    if (length === 0 || length > buffer.length) throw new NetlinkError(`recv: a datagram of ${length} bytes for ${buffer.length}`)
    const progress = read(buffer.subarray(0, length))
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

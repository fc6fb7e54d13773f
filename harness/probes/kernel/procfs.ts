import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import type { Endpoint } from '../../model/sighting.ts'
import { attempt } from './attempt.ts'
import { ipv4Text, ipv6Text } from './ip-address.ts'
import { blindness } from './owned-inodes.ts'
import { SubjectGone } from './subject-errors.ts'
import { type ReadRows, type TcpRow, tcpState } from './tcp-row.ts'

export const PROCFS = 'kernel-procfs'

/** Rows of /proc/<pid>/net/tcp and tcp6. Works across network namespaces. About 9 ms even when empty: the kernel walks a hash of 262,144 buckets, twice. */
export const readProcfsRows: ReadRows = (owners) =>
  owners.map(({ pid, sockets }) =>
    attempt(() => [readTable(pid, 'tcp'), readTable(pid, 'tcp6')].flatMap((text) => parseProcNetTcp(text, sockets))),
  )

/**
 * Rows of /proc/net/tcp or tcp6 that have an owner, one for each inode: the kernel can repeat a row within one read (facts.md),
 * and then the later one is the fresher. Rows without an inode (TIME_WAIT, orphans, not yet accepted) belong to nobody.
 *
 * @param owned only these inodes; all when absent.
 */
export function parseProcNetTcp(text: string, owned?: ReadonlySet<number>): TcpRow[] {
  const byInode = new Map<number, TcpRow>()
  for (const row of parseRows(text)) if (row.inode > 0 && owned?.has(row.inode) !== false) byInode.set(row.inode, row)
  return [...byInode.values()]
}

/** Every row of the namespace of `pid`, those without an owner (inode 0) among them, once each. */
export function readWholeProcfs(pid: number): readonly TcpRow[] {
  const rows = (['tcp', 'tcp6'] as const).flatMap((table) => [...parseRows(readTable(pid, table))])
  const keyOf = ({ inode, local, remote }: TcpRow): string =>
    inode > 0 ? String(inode) : `${local.address}:${local.port}>${remote.address}:${remote.port}`
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()]
}

function* parseRows(text: string): Generator<TcpRow> {
  for (const line of text.split('\n').slice(1)) {
    // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ... (Documentation/networking/proc_net_tcp.rst)
    const [, local, remote, state, queues, , , , , inodeText] = line.trim().split(/\s+/, 10)
    if (local === undefined || remote === undefined || state === undefined || queues === undefined) continue
    const inode = Number(inodeText)
    if (!(inode >= 0)) continue
    const [sendQueue, receiveQueue] = queues.split(':')
    yield {
      inode,
      state: tcpState(Number.parseInt(state, 16)),
      local: endpoint(local),
      remote: endpoint(remote),
      receiveQueue: Number.parseInt(receiveQueue ?? '0', 16),
      sendQueue: Number.parseInt(sendQueue ?? '0', 16),
    }
  }
}

/** `0100007F:1F90`: each 32-bit word of the address as the machine's number, the port as a plain one. */
function endpoint(text: string): Endpoint {
  const [hex = '', port = ''] = text.split(':')
  const bytes = Buffer.from(hex, 'hex')
  if (endianness() === 'LE') bytes.swap32()
  return { address: bytes.length === 4 ? ipv4Text(bytes) : ipv6Text(bytes), port: Number.parseInt(port, 16) }
}

function readTable(pid: number, table: 'tcp' | 'tcp6'): string {
  try {
    return readFileSync(`/proc/${pid}/net/${table}`, 'latin1')
  } catch (error) {
    const reason = blindness(pid, PROCFS, error)
    // A kernel without IPv6 has no tcp6, and then no such sockets either.
    if (table === 'tcp6' && (error as NodeJS.ErrnoException).code === 'ENOENT' && !(reason instanceof SubjectGone)) return ''
    throw reason
  }
}

import { endianness } from 'node:os'
import type { Endpoint } from '../../model/sighting.ts'
import { ipv4Text, ipv6Text } from './ip-address.ts'
import { type TcpRow, tcpState } from './tcp-row.ts'

// Sizes and numbers: include/uapi/linux/{netlink,sock_diag,inet_diag}.h. Netlink speaks the machine's byte order, addresses and ports the network's.
const SOCK_DIAG_BY_FAMILY = 20
const NLM_F_REQUEST_DUMP = 0x301
const NLM_F_DUMP_INTR = 0x10
const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const HEADER_BYTES = 16
const REQUEST_BYTES = HEADER_BYTES + 56
const MESSAGE_BYTES = 72
const IPPROTO_TCP = 6
/** States 1 to 12 of TCP_STATES; without bit 13, sockets bound and unused, which /proc does not list either. */
const ALL_STATES = 0x1ffe

export const AF_INET = 2
export const AF_INET6 = 10
export type AddressFamily = typeof AF_INET | typeof AF_INET6

const isLittleEndian = endianness() === 'LE'

/** The netlink message that asks for every TCP socket of one family. */
export function dumpRequest(family: AddressFamily, sequence: number): Buffer {
  const request = Buffer.alloc(REQUEST_BYTES)
  const view = viewOf(request)
  view.setUint32(0, REQUEST_BYTES, isLittleEndian)
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, isLittleEndian)
  view.setUint16(6, NLM_F_REQUEST_DUMP, isLittleEndian)
  view.setUint32(8, sequence, isLittleEndian)
  view.setUint8(HEADER_BYTES, family)
  view.setUint8(HEADER_BYTES + 1, IPPROTO_TCP)
  view.setUint32(HEADER_BYTES + 4, ALL_STATES, isLittleEndian)
  return request
}

/** What one datagram of a dump said of its end. `interrupted`: the table changed under the dump, ask again. */
export interface DumpProgress {
  readonly isDone: boolean
  readonly isInterrupted: boolean
  /** errno the kernel answered; null when it did not complain. */
  readonly errno: number | null
}

/** Reads one datagram of a dump, adding the rows whose inode is in `owned` to `rows`. Messages of another sequence are not ours. */
export function readDump(datagram: Uint8Array, sequence: number, owned: ReadonlySet<number>, rows: Map<number, TcpRow>): DumpProgress {
  const view = viewOf(datagram)
  let isInterrupted = false
  for (let at = 0; at + HEADER_BYTES <= datagram.length; ) {
    const length = view.getUint32(at, isLittleEndian)
    const type = view.getUint16(at + 4, isLittleEndian)
    // A length that leads nowhere or past the end: cut short. EBADMSG, so that the caller looks elsewhere.
    if (length < HEADER_BYTES || at + length > datagram.length) return { isDone: true, isInterrupted, errno: 74 }
    if (view.getUint32(at + 8, isLittleEndian) === sequence) {
      if ((view.getUint16(at + 6, isLittleEndian) & NLM_F_DUMP_INTR) !== 0) isInterrupted = true
      if (type === NLMSG_DONE || type === NLMSG_ERROR) {
        // Both carry a negative errno or 0 as their first word.
        const code = length >= HEADER_BYTES + 4 ? view.getInt32(at + HEADER_BYTES, isLittleEndian) : 0
        return { isDone: true, isInterrupted, errno: code < 0 ? -code : null }
      }
      if (type === SOCK_DIAG_BY_FAMILY && length >= HEADER_BYTES + MESSAGE_BYTES) addRow(datagram, view, at + HEADER_BYTES, owned, rows)
    }
    at += (length + 3) & ~3
  }
  return { isDone: false, isInterrupted, errno: null }
}

/** struct inet_diag_msg: family, state, timer, retrans, { sport, dport, src[16], dst[16], if, cookie[8] }, expires, rqueue, wqueue, uid, inode. */
function addRow(datagram: Uint8Array, view: DataView, at: number, owned: ReadonlySet<number>, rows: Map<number, TcpRow>): void {
  const inode = view.getUint32(at + 68, isLittleEndian)
  if (inode === 0 || !owned.has(inode)) return
  const family = view.getUint8(at)
  rows.set(inode, {
    inode,
    state: tcpState(view.getUint8(at + 1)),
    local: endpoint(datagram, at + 8, family, view.getUint16(at + 4)),
    remote: endpoint(datagram, at + 24, family, view.getUint16(at + 6)),
    receiveQueue: view.getUint32(at + 56, isLittleEndian),
    sendQueue: view.getUint32(at + 60, isLittleEndian),
  })
}

function endpoint(datagram: Uint8Array, at: number, family: number, port: number): Endpoint {
  const bytes = datagram.subarray(at, at + 16)
  return { address: family === AF_INET ? ipv4Text(bytes) : ipv6Text(bytes), port }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

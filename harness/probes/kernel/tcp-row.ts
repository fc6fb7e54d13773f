import { type Endpoint, type SocketSighting, TCP_STATES, type TcpState, type Traffic } from '../../model/sighting.ts'

/** One socket as the kernel lists it: /proc/net/tcp and sock_diag say the same things in two notations. */
export interface TcpRow {
  readonly inode: number
  readonly state: TcpState
  readonly local: Endpoint
  readonly remote: Endpoint
  /** `rcv_nxt - copied_seq`: sequence numbers, so an unread FIN counts as one. For LISTEN the accept backlog. */
  readonly receiveQueue: number
  /** `write_seq - snd_una`: an unacknowledged SYN or FIN counts as one. */
  readonly sendQueue: number
  /** Where it was asked for. */
  readonly traffic?: Traffic
}

/** A process, and the inodes of its sockets. */
export interface Owner {
  readonly pid: number
  readonly sockets: ReadonlySet<number>
}

/** Reads the rows of each owner's sockets from its network namespace, one row for each inode; or why it cannot, in that owner's place. */
export type ReadRows = (owners: readonly Owner[]) => readonly (readonly TcpRow[] | Error)[]

export function tcpState(number: number): TcpState {
  return TCP_STATES[number] ?? 'UNKNOWN'
}

// A FIN takes a sequence number after the last byte. If anything is unread in these states, the FIN is (ss prints the 1, and it is no byte).
const FIN_RECEIVED: ReadonlySet<TcpState> = new Set(['CLOSE_WAIT', 'LAST_ACK', 'CLOSING'])
const SYN_OR_FIN_UNACKNOWLEDGED: ReadonlySet<TcpState> = new Set(['SYN_SENT', 'FIN_WAIT1', 'LAST_ACK', 'CLOSING'])

/**
 * Rows of one process as sightings: bytes instead of sequence numbers, and who called whom.
 *
 * `inbound` needs the listener: after `server.close()`, or in a cluster worker whose primary listens, accepted sockets read `outbound`.
 * An IPv6-only `::` listener is taken to accept IPv4 as well; no table shows the option.
 */
export function toSightings(rows: readonly TcpRow[]): SocketSighting[] {
  const listeners = new Set(rows.filter((row) => row.state === 'LISTEN').map((row) => `${row.local.address} ${row.local.port}`))
  return rows.map(({ inode, state, local, remote, receiveQueue, sendQueue, traffic }) => ({
    inode: String(inode),
    state,
    local,
    remote,
    receiveQueueBytes: FIN_RECEIVED.has(state) ? Math.max(0, receiveQueue - 1) : receiveQueue,
    sendQueueBytes: sendBytes(state, sendQueue),
    role: state === 'LISTEN' ? 'listener' : accepts(listeners, local) ? 'inbound' : 'outbound',
    ...(traffic === undefined ? {} : { traffic }),
  }))
}

function sendBytes(state: TcpState, sendQueue: number): number {
  // sock_diag puts the backlog's limit here, /proc a 0; a listener sends nothing.
  if (state === 'LISTEN') return 0
  return SYN_OR_FIN_UNACKNOWLEDGED.has(state) ? Math.max(0, sendQueue - 1) : sendQueue
}

function accepts(listeners: ReadonlySet<string>, local: Endpoint): boolean {
  if (listeners.size === 0) return false
  const isIPv4 = !local.address.includes(':')
  return (
    listeners.has(`${local.address} ${local.port}`) ||
    listeners.has(`:: ${local.port}`) ||
    (isIPv4 && listeners.has(`0.0.0.0 ${local.port}`))
  )
}

/** TCP states as the kernel numbers them in /proc/net/tcp and sock_diag (include/net/tcp_states.h), index = number. */
export const TCP_STATES = [
  'UNKNOWN',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
] as const
export type TcpState = (typeof TCP_STATES)[number]

export interface Endpoint {
  /** Textual IP without brackets; an IPv4-mapped IPv6 address is written as IPv4. */
  readonly address: string
  readonly port: number
}

/** What a connection has carried so far, by the kernel's own counters (TCP_INFO). */
export interface Traffic {
  readonly receivedBytes: number
  readonly sentBytes: number
  /** Since the last byte came in and the last one went out, ms. */
  readonly receivedAgoMs: number
  readonly sentAgoMs: number
}

/** One TCP socket of a subject, seen by a kernel probe. */
export interface SocketSighting {
  /** Kernel inode, the identity of a socket; '0' never appears here: such a row has no owner. */
  readonly inode: string
  readonly state: TcpState
  readonly local: Endpoint
  readonly remote: Endpoint
  /** Bytes that arrived and were not read by the process; for LISTEN the accept backlog. Null: this probe cannot tell. */
  readonly receiveQueueBytes: number | null
  /** Bytes written and not acknowledged by the peer. Null: this probe cannot tell. */
  readonly sendQueueBytes: number | null
  /** Present where the kernel's own counters were asked for, and it has them. */
  readonly traffic?: Traffic
  /** `inbound` when the local port belongs to a listener of the same process. */
  readonly role: 'listener' | 'inbound' | 'outbound'
}

/** A descriptor of a file or a directory, seen by a kernel probe. */
export interface FileSighting {
  readonly descriptor: number
  /** As the kernel has it: absolute, links resolved, ` (deleted)` behind one that has no name any more. */
  readonly path: string
}

/** Whose resources: a process of this machine. */
export interface Pid {
  readonly pid: number
}

/** What a probe says when it cannot see; never an empty count instead. */
export interface Missing {
  readonly probe: string
  readonly missing: string
}

/** What one sees of processes that were not prepared: sockets, descriptors, goroutines; never a line of code. */
import type { Endpoint, Missing, SocketSighting, TcpState } from './sighting.ts'

/** Goroutines of a Go process, as it tells them itself. */
export interface Goroutines {
  readonly total: number
  /** Those that read and write pooled client connections (net/http's readLoop and writeLoop); null: only the total is told. */
  readonly ofConnections: number | null
  /** Those that wait for a connection of a pool (net/http's getConn); null: only the total is told. */
  readonly waiting: number | null
}

/** One process with its children, or one container, at one moment. */
export interface MemberLook {
  /** As it was named, else `pid 4711`: its layer. */
  readonly name: string
  readonly pids: readonly number[]
  /** Its network namespace; the same text means the same tables. */
  readonly network: string
  /** By inode; null: they could not be seen, `missing` says why. */
  readonly sockets: readonly SocketSighting[] | null
  readonly descriptors: number | null
  /** Most descriptors that one of its processes may still open beyond those it has; null: unknown. */
  readonly descriptorsLeft: number | null
  /** CPU time its processes have used so far, ms; null: unknown. */
  readonly cpuMs: number | null
  /** Its first thread sleeps by a clock: it waits for nothing but time. */
  readonly isAsleep: boolean
  /** Null: nobody said where to ask, or no answer came. */
  readonly goroutines: Goroutines | null
  readonly hasEnded: boolean
  readonly missing: readonly Missing[]
}

/** A row of the kernel's table that no process owns: TIME_WAIT, orphaned after close(), or not accepted yet. */
export interface OwnerlessSighting {
  readonly network: string
  readonly state: TcpState
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly receiveQueueBytes: number
  readonly sendQueueBytes: number
}

/** All members of a system at one moment. */
export interface OutsideLook {
  readonly atMs: number
  readonly members: readonly MemberLook[]
  readonly ownerless: readonly OwnerlessSighting[]
}

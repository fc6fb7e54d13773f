import type { FileSighting, Missing, SocketSighting } from './sighting.ts'

/** All sightings of one subject at one moment. */
export interface Census {
  /** Clock milliseconds at which it was taken. */
  readonly atMs: number
  /** TCP sockets by inode; null when no kernel probe could look (then `missing` says why). */
  readonly sockets: readonly SocketSighting[] | null
  /** Descriptors of files and directories, those of /dev, /proc and /sys left out; null when unknown. */
  readonly files: readonly FileSighting[] | null
  /** Open descriptors; null when unknown. */
  readonly descriptors: number | null
  /** Active libuv handles and requests of the process, by type (`Timeout`, `TCPSocketWrap`, ...); null when unknown. */
  readonly handles: Readonly<Record<string, number>> | null
  readonly missing: readonly Missing[]
}

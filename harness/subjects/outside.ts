/** Whoever is watched from outside: one process, one container, or several of them as one system. */
import type { Clock } from '../model/clock.ts'
import type { MemberLook, OutsideLook } from '../model/outside.ts'
import { ownerlessSightings, readTable } from '../probes/kernel/network-table.ts'
import type { TcpRow } from '../probes/kernel/tcp-row.ts'

/** The table of a namespace as of this look: read once for all members that share it. */
export type TableOf = (pid: number, network: string) => readonly TcpRow[]

/** One interface, whatever it is. */
export interface OutsideSubject {
  readonly name: string
  census(tableOf: TableOf): Promise<MemberLook>
  /** Lets go of it; it runs on. */
  stop(): Promise<void>
}

/** Looks at all members in one turn, so that both ends of a connection are of one moment. */
export async function lookAt(members: readonly OutsideSubject[], clock: Clock): Promise<OutsideLook> {
  const tables = new Map<string, readonly TcpRow[]>()
  const tableOf: TableOf = (pid, network) => {
    const known = tables.get(network) ?? readTable(pid)
    tables.set(network, known)
    return known
  }
  const atMs = clock.nowMs()
  const looks = await Promise.all(members.map((member) => member.census(tableOf)))
  const ownerless = [...tables].flatMap(([network, rows]) => ownerlessSightings(rows, network))
  return { atMs, members: looks, ownerless }
}

/** Both ends of a connection that are watched are one connection; and what the kernel still holds of an end that its process has let go of. Pure. */
import type { OwnerlessSighting } from '../../model/outside.ts'
import { groupBy } from '../compose.ts'
import { wayOf } from '../residue.ts'
import type { OutsideBook, WatchedConnection } from './book.ts'

/** A connection, seen from the end that opened it where that is watched. */
export interface WholeConnection {
  readonly key: string
  readonly near: WatchedConnection
  /** The other end, where it is watched as well. */
  readonly far: WatchedConnection | null
  /** The other end's row, where no process owns it any more, or yet. */
  readonly farOwnerless: OwnerlessSighting | null
}

export function reconcile(book: OutsideBook): readonly WholeConnection[] {
  const entries = [...book.connections]
  const byWay = new Map(
    groupBy(entries, ([, { socket }]) => wayOf(socket.local, socket.remote)).map((group) => [wayKey(group[0][1]), group]),
  )
  const ownerless = new Map(book.ownerless.map((row) => [`${wayOf(row.local, row.remote)}`, row]))
  return entries.flatMap(([key, near]): readonly WholeConnection[] => {
    const { local, remote } = near.socket
    const facing = byWay.get(wayOf(remote, local)) ?? []
    const [farKey, far] = facing.find(([other]) => other !== key) ?? [null, null]
    if (far !== null && isToldByOther(near, key, far, farKey)) return []
    return [{ key, near, far, farOwnerless: far === null ? (ownerless.get(wayOf(remote, local)) ?? null) : null }]
  })
}

const wayKey = ({ socket }: WatchedConnection): string => wayOf(socket.local, socket.remote)

/** The end that opened it tells it. After its listener has closed an accepted one reads `outbound` too; then the order of keys decides. */
function isToldByOther(near: WatchedConnection, key: string, far: WatchedConnection, farKey: string): boolean {
  if (near.socket.role !== far.socket.role) return near.socket.role === 'inbound'
  return key > farKey
}

/** What is said of requests, by ledger. */
import type { Evidence } from '../model/finding.ts'
import type { OpenRequest, PoolPage } from '../model/ledger-page.ts'
import { groupBy } from './compose.ts'
import type { Material } from './material.ts'
import type { ResidualSocket } from './residue.ts'

/** The connection of a request, where it is of the residue. */
export type SocketOf = (request: OpenRequest) => ResidualSocket | null

export function statesOf(group: readonly OpenRequest[], socketOf: SocketOf): readonly Evidence[] {
  const kernel = group.flatMap((request) => socketOf(request)?.kernel ?? [])
  return groupBy(kernel, (socket) => socket.state).map(([socket, ...more]) => ({
    ledger: 'kernel',
    says: socket.state,
    value: more.length + 1,
  }))
}

export function bodyWords(group: readonly [OpenRequest, ...OpenRequest[]]): string {
  const [first] = group
  const headers = first.headersAtMs === null ? '' : `headers at +${Math.round(first.headersAtMs - first.createdAtMs)} ms, `
  const total = first.bodyBytes === null ? 'a body of unknown length' : `${first.bodyBytes} bytes`
  if (group.every((request) => request.reader === 'none')) return `${headers}0 of ${total} read`
  if (first.receivedBytes !== null) return `${headers}${first.receivedBytes} of ${total} arrived, then nobody read on`
  return `${headers}${total}: nobody reads on`
}

/** Who asked, where no line can be named: the user's own code had given the turn away before his client sent. */
export function askedInside([{ openedAt, openedBy }]: readonly [OpenRequest, ...OpenRequest[]]): readonly Evidence[] {
  if (openedAt !== null || openedBy === null) return []
  return [
    { ledger: 'requests', says: `asked for inside the package ${openedBy}, when no line of yours was on the stack any more`, value: null },
  ]
}

/** After a number that is told by itself. */
export const leaseWord = (count: number): string => (count === 1 ? 'lease' : 'leases')

export function poolEvidence(pool: PoolPage | null): readonly Evidence[] {
  if (pool === null) return []
  const { limit } = pool
  const taken = `${leaseWord(limit !== null && Number.isFinite(limit) ? limit : pool.leased)} taken`
  const leased = limit === null ? `${taken}, limit unknown` : Number.isFinite(limit) ? `of ${limit} ${taken}` : `${taken}, no limit`
  return [
    { ledger: 'pools', says: leased, value: pool.leased },
    { ledger: 'pools', says: 'queued', value: pool.queued },
  ]
}

export function peerEvidence(material: Material): readonly Evidence[] {
  return material.peers.flatMap((peer) => {
    const held =
      peer.connections === null ? [] : [{ ledger: 'peer' as const, says: `${peer.source}: connections open`, value: peer.connections }]
    const answering =
      peer.inFlight === null ? [] : [{ ledger: 'peer' as const, says: `${peer.source}: requests in flight`, value: peer.inFlight }]
    const routines =
      peer.goroutines === null ? [] : [{ ledger: 'peer' as const, says: `${peer.source}: goroutines`, value: peer.goroutines }]
    return [...held, ...answering, ...routines]
  })
}

/** A paused socket does not keep Node alive: exit is not a release, and no leak test. */
export function exitEvidence(wouldExit: boolean | null): readonly Evidence[] {
  if (wouldExit === null) return []
  const says = wouldExit
    ? 'the process would end all the same, with code 0: exit is not a release'
    : 'the process cannot end: what is left keeps it'
  return [{ ledger: 'requests', says, value: null }]
}

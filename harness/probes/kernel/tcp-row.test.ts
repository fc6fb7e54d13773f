import { describe, expect, it } from 'vitest'
import type { TcpState } from '../../model/sighting.ts'
import { type TcpRow, toSightings } from './tcp-row.ts'

let nextInode = 1
function row(state: TcpState, local: string, more: Partial<TcpRow> = {}): TcpRow {
  const at = local.lastIndexOf(':')
  const endpoint = { address: local.slice(0, at), port: Number(local.slice(at + 1)) }
  return { inode: nextInode++, state, local: endpoint, remote: { address: '10.0.0.9', port: 9 }, receiveQueue: 0, sendQueue: 0, ...more }
}
const rolesOf = (...rows: readonly TcpRow[]) => toSightings(rows).map((sighting) => sighting.role)

describe('roles', () => {
  it('calls a connection on a listening port of the same process inbound, any other outbound', () => {
    expect(rolesOf(row('LISTEN', '127.0.0.1:80'), row('ESTABLISHED', '127.0.0.1:80'), row('ESTABLISHED', '127.0.0.1:40000'))).toEqual([
      'listener',
      'inbound',
      'outbound',
    ])
  })

  it('lets a wildcard listener accept on every address of its family, and :: on IPv4 too', () => {
    expect(rolesOf(row('LISTEN', '0.0.0.0:80'), row('ESTABLISHED', '10.0.0.1:80'), row('ESTABLISHED', '::1:80'))).toEqual([
      'listener',
      'inbound',
      'outbound',
    ])
    expect(rolesOf(row('LISTEN', ':::80'), row('ESTABLISHED', '10.0.0.1:80'), row('ESTABLISHED', '::1:80'))).toEqual([
      'listener',
      'inbound',
      'inbound',
    ])
  })

  it('does not take a listener on another address for the one that accepted', () => {
    expect(rolesOf(row('LISTEN', '127.0.0.2:80'), row('ESTABLISHED', '127.0.0.1:80'))).toEqual(['listener', 'outbound'])
  })
})

describe('queue bytes', () => {
  const queuesOf = (state: TcpState, receiveQueue: number, sendQueue: number) => {
    const [sighting] = toSightings([row(state, '10.0.0.1:1', { receiveQueue, sendQueue })])
    return [sighting?.receiveQueueBytes, sighting?.sendQueueBytes]
  }

  it('takes the numbers of an established connection as they are', () => {
    expect(queuesOf('ESTABLISHED', 700, 30)).toEqual([700, 30])
  })

  it('does not count an unread FIN, nor an unacknowledged SYN or FIN, as a byte', () => {
    expect(queuesOf('CLOSE_WAIT', 1, 0)).toEqual([0, 0])
    expect(queuesOf('CLOSE_WAIT', 0, 0)).toEqual([0, 0])
    expect(queuesOf('CLOSE_WAIT', 701, 5)).toEqual([700, 5])
    expect(queuesOf('SYN_SENT', 0, 1)).toEqual([0, 0])
    expect(queuesOf('FIN_WAIT1', 2, 31)).toEqual([2, 30])
    expect(queuesOf('LAST_ACK', 1, 31)).toEqual([0, 30])
  })

  it('gives a listener its backlog and nothing to send', () => {
    expect(queuesOf('LISTEN', 2, 511)).toEqual([2, 0])
  })
})

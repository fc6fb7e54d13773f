import { describe, expect, it } from 'vitest'
import { parseProcNetTcp } from './procfs.ts'

// Copied from /proc/net/tcp of Linux 6.18 on x86-64 (little-endian), trailing columns and all.
const HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
const LISTEN =
  '   0: 0100007F:8B91 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 10212 1 000000001a2b3c4d 100 0 0 10 0'
const READER =
  '   1: 0100007F:9088 0100007F:8B91 01 00000010:0000FF00 02:000AFC80 00000000  1000        0 10213 2 000000001a2b3c4e 20 4 30 10 -1'
const TIME_WAIT = '   2: 0100007F:9089 0100007F:8B91 06 00000000:00000000 03:00001770 00000000     0        0 0 3 000000001a2b3c4f'
const TABLE_6 =
  '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
const MAPPED =
  '   0: 0000000000000000FFFF00000100007F:8B91 0000000000000000FFFF00000100007F:9088 08 00000000:00000001 00:00000000 00000000     0        0 10214 1 0000000000000000 20 4 30 10 -1'
const LOOPBACK_6 =
  '   1: 00000000000000000000000001000000:1F90 B80D0120000000000000000001000000:C000 01 00000000:00000000 00:00000000 00000000     0        0 10215 1 0000000000000000 20 4 30 10 -1'

const table = (...lines: readonly string[]) => `${lines.join('\n')}\n`

describe('parseProcNetTcp', () => {
  it('reads addresses, ports, state, queues and inode of an IPv4 row', () => {
    expect(parseProcNetTcp(table(HEADER, LISTEN, READER))).toEqual([
      {
        inode: 10212,
        state: 'LISTEN',
        local: { address: '127.0.0.1', port: 35729 },
        remote: { address: '0.0.0.0', port: 0 },
        receiveQueue: 3,
        sendQueue: 0,
      },
      {
        inode: 10213,
        state: 'ESTABLISHED',
        local: { address: '127.0.0.1', port: 37000 },
        remote: { address: '127.0.0.1', port: 35729 },
        receiveQueue: 65_280,
        sendQueue: 16,
      },
    ])
  })

  it('writes an IPv4-mapped address as IPv4 and any other IPv6 address in short form', () => {
    const [mapped, loopback] = parseProcNetTcp(table(TABLE_6, MAPPED, LOOPBACK_6))
    expect(mapped).toMatchObject({
      state: 'CLOSE_WAIT',
      local: { address: '127.0.0.1', port: 35729 },
      remote: { address: '127.0.0.1', port: 37000 },
    })
    expect(loopback).toMatchObject({ local: { address: '::1', port: 8080 }, remote: { address: '2001:db8::1', port: 49152 } })
  })

  it('counts a row that the kernel repeats once, and believes the later one', () => {
    const later = READER.replace(' 01 00000010:0000FF00', ' 08 00000000:0000FF00').replace('   1:', '   9:')
    const rows = parseProcNetTcp(table(HEADER, READER, LISTEN, LISTEN, later))
    expect(rows.map((row) => [row.inode, row.state])).toEqual([
      [10213, 'CLOSE_WAIT'],
      [10212, 'LISTEN'],
    ])
  })

  it('leaves out rows that belong to no process', () => {
    expect(parseProcNetTcp(table(HEADER, TIME_WAIT))).toEqual([])
  })

  it('keeps only the inodes it is asked for', () => {
    expect(parseProcNetTcp(table(HEADER, LISTEN, READER), new Set([10213])).map((row) => row.inode)).toEqual([10213])
  })

  it('reads an empty table, a text without one and a line cut short as no rows', () => {
    expect(parseProcNetTcp(table(HEADER))).toEqual([])
    expect(parseProcNetTcp('')).toEqual([])
    expect(parseProcNetTcp(table(HEADER, READER.slice(0, 60)))).toEqual([])
  })

  it('names a state this version does not know UNKNOWN', () => {
    expect(parseProcNetTcp(table(HEADER, READER.replace(' 01 ', ' 0F ')))[0]?.state).toBe('UNKNOWN')
  })
})

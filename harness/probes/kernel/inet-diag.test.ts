import { endianness } from 'node:os'
import { describe, expect, it } from 'vitest'
import { dumpRequest, readDump } from './inet-diag.ts'
import type { TcpRow } from './tcp-row.ts'

const isLittleEndian = endianness() === 'LE'
const SEQUENCE = 7

/** One netlink message as the kernel writes it: header, then `body`. */
function message(type: number, body: Uint8Array, { flags = 2, sequence = SEQUENCE } = {}): Uint8Array {
  const bytes = new Uint8Array(16 + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length, isLittleEndian)
  view.setUint16(4, type, isLittleEndian)
  view.setUint16(6, flags, isLittleEndian)
  view.setUint32(8, sequence, isLittleEndian)
  bytes.set(body, 16)
  return bytes
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, value, isLittleEndian)
  return bytes
}

/** struct inet_diag_msg of a connection 127.0.0.1:8080 -> 127.0.0.1:40000, CLOSE_WAIT. */
function socket(inode: number): Uint8Array {
  const bytes = new Uint8Array(72)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 2)
  view.setUint8(1, 8)
  view.setUint16(4, 8080)
  view.setUint16(6, 40_000)
  bytes.set([127, 0, 0, 1], 8)
  bytes.set([127, 0, 0, 1], 24)
  view.setUint32(56, 300_001, isLittleEndian)
  view.setUint32(60, 12, isLittleEndian)
  view.setUint32(68, inode, isLittleEndian)
  return message(18, bytes)
}

const DONE = message(3, word(0))

function read(...messages: readonly Uint8Array[]) {
  const rows = new Map<number, TcpRow>()
  return { ...readDump(Buffer.concat(messages), SEQUENCE, new Set([5, 6]), rows), rows: [...rows.values()] }
}

describe('readDump', () => {
  it('reads the sockets that are asked for and the end', () => {
    const { rows, ...progress } = read(socket(5), socket(99), socket(0), socket(6), DONE)
    expect(progress).toEqual({ isDone: true, isInterrupted: false, errno: null })
    expect(rows.map((row) => row.inode)).toEqual([5, 6])
    expect(rows[0]).toEqual({
      inode: 5,
      state: 'CLOSE_WAIT',
      local: { address: '127.0.0.1', port: 8080 },
      remote: { address: '127.0.0.1', port: 40_000 },
      receiveQueue: 300_001,
      sendQueue: 12,
    })
  })

  it('wants more until the kernel says done', () => {
    expect(read(socket(5))).toMatchObject({ isDone: false, errno: null })
  })

  it('keeps a socket once when the dump repeats it', () => {
    expect(read(socket(5), socket(5), DONE).rows).toHaveLength(1)
  })

  it('notices that the table changed under the dump', () => {
    expect(read(message(18, new Uint8Array(72), { flags: 2 | 0x10 }), DONE).isInterrupted).toBe(true)
    expect(read(socket(5), message(3, word(0), { flags: 2 | 0x10 })).isInterrupted).toBe(true)
  })

  it('hands on the errno of an error message and of a dump that ended badly', () => {
    expect(read(message(2, word(-2)))).toMatchObject({ isDone: true, errno: 2 })
    expect(read(socket(5), message(3, word(-12)))).toMatchObject({ isDone: true, errno: 12 })
  })

  it('ends with an error, not in a loop, on a message that is cut short or has no length', () => {
    expect(read(socket(5).subarray(0, 60))).toMatchObject({ isDone: true, errno: 74, rows: [] })
    expect(read(new Uint8Array(32))).toMatchObject({ isDone: true, errno: 74 })
  })

  it('ignores messages of another request', () => {
    expect(read(message(3, word(0), { sequence: 6 }), socket(5))).toMatchObject({ isDone: false, rows: [{ inode: 5 }] })
  })
})

describe('dumpRequest', () => {
  it('asks for every TCP socket of both families, sockets never connected aside', () => {
    const request = dumpRequest(SEQUENCE)
    const view = new DataView(request.buffer, request.byteOffset, request.length)
    expect([request.length, view.getUint32(0, isLittleEndian), view.getUint32(8, isLittleEndian)]).toEqual([76, 76, SEQUENCE])
    expect([view.getUint16(4, isLittleEndian), view.getUint32(68, isLittleEndian)]).toEqual([18, 0b1_1111_1111_1110])
  })
})

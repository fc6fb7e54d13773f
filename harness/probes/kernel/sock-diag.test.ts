import { describe, expect, it } from 'vitest'
import type { Libc } from './libc.ts'
import { loadLibc } from './libc.ts'
import { sockDiagRows } from './sock-diag.ts'

const libc = loadLibc()
if ('missing' in libc) throw new Error(libc.missing)

/** The real C library with some calls changed, and a note of every descriptor it opened and closed. */
function libcWith(changes: Partial<Libc>) {
  const open = new Set<number>()
  const real = libc as Libc
  const watched: Libc = {
    ...real,
    ...changes,
    socket(domain, type, protocol) {
      const descriptor = real.socket(domain, type, protocol)
      open.add(descriptor)
      return descriptor
    },
    close(descriptor) {
      open.delete(descriptor)
      return real.close(descriptor)
    },
  }
  return { libc: watched, open }
}

describe.runIf(process.platform === 'linux')('sockDiagRows', () => {
  it('says what the kernel answered when sock_diag is not there, and closes its socket', () => {
    const refused = libcWith({ send: () => -1, errno: () => 1 })
    expect(sockDiagRows(refused.libc)).toEqual({ missing: 'sock_diag does not answer (send: operation not permitted)' })
    expect(refused.open).toEqual(new Set())
  })

  it('reads /proc for a look whose dump fails', () => {
    let isBroken = false
    const flaky = libcWith({ recv: (...values) => (isBroken ? -1 : (libc as Libc).recv(...values)), errno: () => 105 })
    const readRows = sockDiagRows(flaky.libc)
    if (typeof readRows !== 'function') throw new Error(readRows.missing)
    isBroken = true
    expect(readRows([{ pid: process.pid, sockets: new Set([1]) }])).toEqual([[]])
    expect(flaky.open).toEqual(new Set())
  })

  it('asks again, a bounded number of times, when the table changes under the dump', () => {
    let sent = 0
    const restless = libcWith({
      send: (...values) => {
        sent++
        return (libc as Libc).send(...values)
      },
      recv: (descriptor, buffer, length, flags) => {
        const received = (libc as Libc).recv(descriptor, buffer, length, flags)
        // NLM_F_DUMP_INTR on the first message of each datagram; the flags are the low byte on either side of a 16-bit word.
        const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
        const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
        view.setUint16(6, view.getUint16(6, isLittleEndian) | 0x10, isLittleEndian)
        return received
      },
    })
    expect(sockDiagRows(restless.libc)).toBeTypeOf('function')
    expect(sent).toBe(3)
    expect(restless.open).toEqual(new Set())
  })

  it('reports a datagram longer than its buffer instead of reading half of it', () => {
    const long = libcWith({ recv: () => 70_000 })
    expect(sockDiagRows(long.libc)).toEqual({ missing: 'sock_diag does not answer (recv: a datagram of 70000 bytes for 65536)' })
    expect(long.open).toEqual(new Set())
  })
})

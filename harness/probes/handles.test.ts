import { once } from 'node:events'
import { createServer } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { countHandles } from './handles.ts'

const countOf = (type: string) => countHandles()?.[type] ?? 0

describe('countHandles', () => {
  it('counts a server by its type, until it is closed', async () => {
    const before = countOf('TCPServerWrap')
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    expect(countOf('TCPServerWrap')).toBe(before + 1)
    server.close()
    await once(server, 'close')
    // libuv's own close callback ends the handle: it runs after the immediates of the turn in which 'close' was emitted.
    await setImmediate()
    await setImmediate()
    expect(countOf('TCPServerWrap')).toBe(before)
  })

  it('counts every handle of a type', () => {
    const before = countOf('Timeout')
    const timers = [setTimeout(() => {}, 1e6), setTimeout(() => {}, 1e6)]
    expect(countOf('Timeout')).toBe(before + 2)
    for (const timer of timers) clearTimeout(timer)
  })

  it('counts a timer that holds the process and not one that was unreferenced', () => {
    const before = countOf('Timeout')
    const timer = setTimeout(() => {}, 1e6)
    expect(countOf('Timeout')).toBe(before + 1)
    timer.unref()
    expect(countOf('Timeout')).toBe(before)
    clearTimeout(timer)
  })
})

/** What work sets going without waiting for it begins a turn of the event loop later, when the work has ended. */

import { lookup } from 'node:dns'
import { once } from 'node:events'
import { closeSync, createWriteStream, mkdtempSync, openSync, rmSync, type WriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findLeaks } from './find-leaks.ts'

const folder = mkdtempSync(join(tmpdir(), 'watertight-set-going-'))
const server = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1')
const listening = once(server, 'listening')
beforeAll(() => listening)
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

/** Undone by the test that made it. */
const left: (() => void)[] = []

const STARTS: Readonly<Record<string, readonly [code: string, start: () => void]>> = {
  'a stream that opens its file': [
    'FILE_LEFT_OPEN',
    () => {
      const stream: WriteStream = createWriteStream(join(folder, 'stream.txt'))
      left.push(() => stream.destroy())
    },
  ],
  'an immediate that starts an interval': [
    'TIMER_LEFT',
    () =>
      void setImmediate(() => {
        const timer = setInterval(() => {}, 60_000)
        left.push(() => clearInterval(timer))
      }),
  ],
  'a name that is looked up and then connected to': [
    'SOCKET_LEFT_OPEN',
    () =>
      lookup('localhost', () => {
        const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
        left.push(() => socket.destroy())
      }),
  ],
  'a promise nobody waits for': [
    'FILE_LEFT_OPEN',
    () =>
      void mkdir(join(folder, 'made'), { recursive: true }).then(() => {
        const descriptor = openSync(join(folder, 'made', 'x.txt'), 'w')
        left.push(() => closeSync(descriptor))
      }),
  ],
}

describe('work that ends before what it set going has begun', () => {
  test.each(Object.entries(STARTS))('leaks what that leaves: %s', async (_what, [code, start]) => {
    const { verdict, findings } = await findLeaks(() => start(), { idleTimeoutMs: 300 })
    for (const undo of left.splice(0)) undo()
    expect({ verdict, codes: findings.map((finding) => finding.code) }).toEqual({ verdict: 'leaked', codes: [code] })
  })

  test('an immediate that always sets the next one is told by its line', async () => {
    let isOver = false
    function again(): void {
      if (!isOver) setImmediate(again)
    }
    const { verdict, findings } = await findLeaks(() => again(), { idleTimeoutMs: 300 })
    isOver = true
    const told = findings.map(({ code, openedAt }) => `${code} in ${openedAt?.function}`)
    expect({ verdict, told }).toEqual({ verdict: 'leaked', told: ['TIMER_LEFT in Immediate.again'] })
  })

  test('a chain of them that ends is clean soon after', async () => {
    const startedMs = performance.now()
    function again(): void {
      if (performance.now() - startedMs < 150) setImmediate(again)
    }
    const { verdict, returnedToBaselineMs } = await findLeaks(() => again(), { idleTimeoutMs: 5_000 })
    expect(verdict).toBe('clean')
    expect(returnedToBaselineMs).toBeLessThan(2_000)
  })

  test('and is clean at once when that leaves nothing', async () => {
    const { verdict, returnedToBaselineMs } = await findLeaks(() => void setImmediate(() => {}), { idleTimeoutMs: 5_000 })
    expect(verdict).toBe('clean')
    expect(returnedToBaselineMs).toBeLessThan(1_000)
  })
})

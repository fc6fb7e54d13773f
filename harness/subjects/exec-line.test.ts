import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import type { Clock } from '../model/clock.ts'
import { openExecLine } from './exec-line.ts'
import { frame, type ToProgram, unframe } from './exec-protocol.ts'

const folder = mkdtempSync(join(tmpdir(), 'watertight-exec-line-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** No process has such a number: nobody waits for a core there. */
const NOBODY = 2 ** 30

/** Sleeps end when the test says so; how long they were meant to be is kept. */
function heldClock() {
  const sleeps: { readonly ms: number; wake(): void }[] = []
  const clock: Clock = {
    nowMs: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        sleeps.push({ ms, wake: resolve })
        signal?.addEventListener('abort', () => resolve())
      }),
  }
  return { clock, sleeps }
}

test('a thread that answered too late once is given its full time again', async () => {
  const { clock, sleeps } = heldClock()
  const path = join(folder, 'line')
  await using line = await openExecLine(path, clock, null)
  const asked: number[] = []
  const thread = connect(path)
  await once(thread, 'connect')
  thread.write(frame({ hello: { pid: NOBODY, threadId: 0 } }))
  thread.on(
    'data',
    unframe<ToProgram>(({ id }) => asked.push(id)),
  )
  const hasAsked = (count: number): Promise<void> => vi.waitFor(() => expect(asked).toHaveLength(count), { interval: 1 })
  await vi.waitFor(() => expect(line.present()).toBe(1), { interval: 1 })

  const inVain = line.ask('why')
  await hasAsked(1)
  sleeps.at(-1)?.wake()
  expect(await inVain).toEqual([])

  // The answer comes when nobody waits for it any more. Whoever calls later has been heard later.
  thread.write(frame({ id: asked[0] ?? 0, answer: 'a timer' }))
  const other = connect(path)
  other.write(frame({ hello: { pid: NOBODY + 1, threadId: 0 } }))
  await vi.waitFor(() => expect(line.present()).toBe(2), { interval: 1 })

  const again = line.ask('why', ({ pid }) => pid === NOBODY)
  await hasAsked(2)
  thread.write(frame({ id: asked[1] ?? 0, answer: 'a timer' }))
  expect(await again).toMatchObject([{ answer: 'a timer' }])
  expect(sleeps.map(({ ms }) => ms)).toEqual([2_000, 2_000])
  other.destroy()
  thread.destroy()
})

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Clock } from '../model/clock.ts'
import { runDelayAmong, runDelayMs } from '../probes/run-delay.ts'
import { patience } from './patience.ts'

/** A clock on which sleeping takes no time, and a process that waits for a core during each sleep for a share of it. */
function shared(share: number) {
  const slept: number[] = []
  let delayedMs = 500
  const clock: Clock = {
    nowMs: () => 0,
    async sleep(ms) {
      slept.push(ms)
      delayedMs += ms * share
    },
  }
  return { clock, slept, delay: (): number => delayedMs, total: () => Math.round(slept.reduce((sum, ms) => sum + ms, 0)) }
}
const signal = new AbortController().signal

test.each([
  ['a process that only sleeps, or has a core to itself, is waited for as long as was said', 0, 2_000],
  ['half a core: twice as long', 0.5, 4_000],
  ['a tenth of a core: ten times', 0.9, 20_000],
  ['no core at all: ten times, and no longer', 1, 20_000],
])('%s', async (_what, share, total) => {
  const { clock, slept, delay, total: sum } = shared(share)
  await patience({ ms: 2_000, pid: 1, clock, signal, hurry: null }, delay)
  expect(slept[0]).toBe(2_000)
  expect(sum()).toBeGreaterThan(total - 20)
  expect(sum()).toBeLessThanOrEqual(total)
})

test('where the system does not say, it is as long as was said; and nothing once nobody waits', async () => {
  const { clock, slept } = shared(1)
  await patience({ ms: 2_000, pid: 1, clock, signal, hurry: null }, () => null)
  expect(slept).toEqual([2_000])
  await patience({ ms: 2_000, pid: 1, clock, signal: AbortSignal.abort(), hurry: null }, () => null)
  expect(slept).toEqual([2_000])
})

test('whoever is in a hurry waits as long as was said, and excuses nothing', async () => {
  const { clock, slept, delay } = shared(1)
  await patience({ ms: 2_000, pid: 1, clock, signal, hurry: AbortSignal.abort() }, delay)
  expect(slept).toEqual([2_000])
})

test('what a service waits behind a launcher that had waited longer is told, and nothing is taken back when that ends', () => {
  const delays = new Map<number, number | null>([[1, 5_000]])
  const waited = runDelayAmong({ [Symbol.iterator]: () => delays.keys() }, (pid) => delays.get(pid) ?? null)
  expect(waited()).toBe(0)
  delays.set(2, 130)
  expect(waited()).toBe(0)
  delays.set(1, 5_003).set(2, 1_630)
  expect(waited()).toBe(1_500)
  delays.set(1, null).set(2, 1_700)
  expect(waited()).toBe(1_570)
  // Another process of that number has nothing to do with it.
  delays.set(1, 9_000)
  expect(waited()).toBe(1_570)
})

test.runIf(process.platform === 'linux')(
  'the kernel counts what a busy process waits for a core, and nothing of one that sleeps',
  async () => {
    const asleep = spawn('sleep', ['60'])
    // More that are busy than there are cores, all at the lowest priority: they wait for one another and for everybody else.
    const busy = Array.from({ length: availableParallelism() + 2 }, () =>
      spawn('nice', ['-n', '19', process.execPath, '-e', 'while (true);']),
    )
    try {
      await Promise.all([asleep, ...busy].map((child) => child.pid ?? once(child, 'spawn')))
      const delays = (): readonly number[] => busy.map(({ pid = 0 }) => runDelayMs(pid) ?? Number.NaN)
      const before = delays()
      const sleepsBefore = runDelayMs(asleep.pid ?? 0) ?? Number.NaN
      await promisify(execFile)('sleep', ['1'])
      const waited = delays().map((delayMs, index) => delayMs - (before[index] ?? 0))
      // At least two cores' worth of a second is waited by all of them together.
      expect(waited.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(1_500)
      expect((runDelayMs(asleep.pid ?? 0) ?? Number.NaN) - sleepsBefore).toBeLessThan(100)
      expect(runDelayMs(2 ** 30)).toBeNull()
    } finally {
      for (const child of [asleep, ...busy]) child.kill('SIGKILL')
    }
  },
)

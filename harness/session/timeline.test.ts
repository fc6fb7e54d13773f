import { expect, test } from 'vitest'
import { censusOf, sighting } from '../diagnosis/made-up.ts'
import type { Clock } from '../model/clock.ts'
import { sample } from './timeline.ts'

/** Time passes as fast as it is slept away, up to a moment at which it stands still. */
function clockUntil(endMs: number) {
  let nowMs = 0
  let end: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const clock: Clock = {
    nowMs: () => nowMs,
    async sleep(ms) {
      if (nowMs >= endMs) {
        end()
        return new Promise(() => {})
      }
      nowMs += ms
    },
  }
  return { clock, ended }
}

test('a census is taken when the descriptor gauge has moved; while it stands still a point a second repeats it', async () => {
  const { clock, ended } = clockUntil(10_000)
  let censuses = 0
  const subject = {
    // One more descriptor for the third to the fifth second.
    gauge: () => (clock.nowMs() >= 3_000 && clock.nowMs() < 5_000 ? 31 : 30),
    async census() {
      censuses += 1
      return censusOf(...(this.gauge() === 31 ? [sighting(1)] : []))
    },
  }
  using sampler = sample(subject, clock, 100)
  await ended
  expect(censuses).toBe(3)
  const { tMs, sockets } = sampler.timeline()
  expect(tMs).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000])
  expect(sockets).toEqual([0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0])
  expect(sampler.peak()?.sockets).toHaveLength(1)
})

test('where descriptors cannot be counted every look is a census', async () => {
  const { clock, ended } = clockUntil(1_000)
  let censuses = 0
  using _sampler = sample({ gauge: () => null, census: async () => censusOf(...Array(censuses++).fill(sighting(1))) }, clock, 100)
  await ended
  expect(censuses).toBe(11)
})

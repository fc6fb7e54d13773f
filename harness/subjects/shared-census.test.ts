import { expect, test } from 'vitest'
import { censusOf } from '../diagnosis/made-up.ts'
import type { Clock } from '../model/clock.ts'
import { censusTaker } from './shared-census.ts'

/** A walk takes `walkMs`; time passes when it is slept away, once all who are awake have had their turn. */
function world(walkMs: number, isBroken = () => false) {
  let nowMs = 0
  const walks: { readonly atMs: number; readonly pids: readonly number[] }[] = []
  const clock: Clock = {
    nowMs: () => nowMs,
    async sleep(ms) {
      await new Promise(setImmediate)
      nowMs += ms
    },
  }
  const census = censusTaker(clock, (pids, atMs) => {
    walks.push({ atMs, pids })
    nowMs += walkMs
    if (isBroken()) throw new Error('no kernel today')
    return pids.map((pid) => ({ ...censusOf(), atMs, descriptors: pid }))
  })
  return { walks, census }
}

test('who asks alone is answered at once', async () => {
  const { walks, census } = world(4)
  expect(await census(7)).toMatchObject({ atMs: 0, descriptors: 7 })
  expect(walks).toEqual([{ atMs: 0, pids: [7] }])
})

test('who asks soon after a walk shares the next one, twenty times as long later as that one took; each gets the census of its own process', async () => {
  const { walks, census } = world(4)
  await census(1)
  const shared = await Promise.all([2, 3, 2].map(census))
  expect(shared.map(({ descriptors }) => descriptors)).toEqual([2, 3, 2])
  expect(walks).toEqual([
    { atMs: 0, pids: [1] },
    { atMs: 84, pids: [2, 3] },
  ])
})

test('one long walk does not blind those who watch for more than a tenth of a second', async () => {
  const { walks, census } = world(400)
  await census(1)
  await census(1)
  expect(walks.map(({ atMs }) => atMs)).toEqual([0, 500])
})

test('a walk that fails is told to all who waited for it, and not to the next', async () => {
  let isBroken = false
  const { census } = world(4, () => isBroken)
  await census(1)
  isBroken = true
  const both = await Promise.allSettled([census(1), census(2)])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  isBroken = false
  expect(await census(1)).toMatchObject({ sockets: [] })
})

import { expect, test } from 'vitest'
import { censusOf, optionsOf, pageOf, sighting } from '../diagnosis/made-up.ts'
import type { Clock } from '../model/clock.ts'
import { type Draft, quiesce } from './quiesce.ts'

const DEADLINE_MS = 1_000

/** A clock whose sleeps take longer than asked: the machine is busy with something else. */
function lateClock(lateMs: number): Clock {
  let nowMs = 0
  return {
    nowMs: () => nowMs,
    async sleep(ms) {
      nowMs += ms + lateMs
    },
  }
}

const draft: Draft = {
  baseline: censusOf(),
  workPage: null,
  peers: [],
  recoveries: [],
  hung: null,
  workError: undefined,
  deadlineMs: DEADLINE_MS,
  wouldExit: null,
  iterations: [],
  doubts: [],
  options: optionsOf({ idleTimeoutMs: DEADLINE_MS }),
  cwd: '/',
}

/** One connection is left; it closes when the subject has had so many turns. */
function subjectWhoCloses(afterTurns: number, gauge: number | null = null) {
  let turns = 0
  let pages = 0
  return {
    gauge: () => gauge,
    census: async () => censusOf(...(++turns > afterTurns ? [] : [sighting(1)])),
    page: async () => {
      pages += 1
      return pageOf()
    },
    turns: () => turns,
    pages: () => pages,
  }
}

const back = (clock: Clock, subject: ReturnType<typeof subjectWhoCloses>) =>
  quiesce(subject, clock, draft, { atMs: 0, census: censusOf(sighting(1)), page: pageOf(), deadlineAtMs: DEADLINE_MS })

test('what stays is judged by a look from after the deadline', async () => {
  const clock = lateClock(0)
  const seen = await back(clock, subjectWhoCloses(Number.POSITIVE_INFINITY))
  expect(seen.returnedToBaselineMs).toBeNull()
  expect(clock.nowMs()).toBeGreaterThanOrEqual(DEADLINE_MS)
  expect(clock.nowMs()).toBeLessThan(DEADLINE_MS + 20)
})

test('time in which nobody got a turn does not count against the deadline', async () => {
  // Two turns in a second, where a quiet machine has ten and more.
  const seen = await back(lateClock(490), subjectWhoCloses(3))
  expect(seen.returnedToBaselineMs).not.toBeNull()
})

test('a machine whose every turn is late by a tenth of a second does not stretch a deadline of 20 s to 30', async () => {
  const clock = lateClock(100)
  const subject = subjectWhoCloses(Number.POSITIVE_INFINITY)
  const seen = await quiesce(subject, clock, draft, { atMs: 0, census: censusOf(sighting(1)), page: pageOf(), deadlineAtMs: 20_000 })
  expect(seen.returnedToBaselineMs).toBeNull()
  expect(clock.nowMs()).toBeLessThan(21_000)
})

test('however busy the machine, twice the deadline is the end', async () => {
  const clock = lateClock(490)
  expect((await back(clock, subjectWhoCloses(Number.POSITIVE_INFINITY))).returnedToBaselineMs).toBeNull()
  expect(clock.nowMs()).toBeLessThan(2 * DEADLINE_MS + 1_000)
})

test('while the descriptor gauge stands still nobody counts sockets, and the ledger is read ever more rarely', async () => {
  const subject = subjectWhoCloses(Number.POSITIVE_INFINITY, 30)
  const clock = lateClock(0)
  await quiesce(subject, clock, draft, { atMs: 0, census: censusOf(sighting(1)), page: pageOf(), deadlineAtMs: 20_000 })
  // The first look and the one that judges.
  expect(subject.turns()).toBe(2)
  // 10 in the first second, 23 until 10 s, each a tenth of the wait after the last, then one a second.
  expect(subject.pages()).toBeGreaterThan(35)
  expect(subject.pages()).toBeLessThan(50)
})

test('the look that ends the wait has counted the sockets itself', async () => {
  const subject = subjectWhoCloses(1, 30)
  const seen = await back(lateClock(0), subject)
  expect(seen.recount.sockets).toEqual([])
})

test('work that ran out of time is looked at until the end, though nothing else is held', async () => {
  const clock = lateClock(0)
  const hung: Draft = { ...draft, hung: { because: 'timeout', afterMs: 500, busyAt: null } }
  await quiesce(subjectWhoCloses(0), clock, hung, { atMs: 0, census: censusOf(), page: pageOf(), deadlineAtMs: DEADLINE_MS })
  expect(clock.nowMs()).toBeGreaterThanOrEqual(DEADLINE_MS)
})

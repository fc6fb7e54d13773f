import { expect, test } from 'vitest'
import { censusOf, handle, socket as ledgerSocket, optionsOf, pageOf, sighting } from '../diagnosis/made-up.ts'
import type { Clock } from '../model/clock.ts'
import type { LedgerSocket } from '../model/ledger-page.ts'
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
    starvedMs: (): number | null => null,
    census: async () => censusOf(...(++turns > afterTurns ? [] : [sighting(1)])),
    page: async () => {
      pages += 1
      return pageOf()
    },
    turns: () => turns,
    pages: () => pages,
  }
}

const back = (clock: Clock, subject: Parameters<typeof quiesce>[0]) =>
  quiesce(subject, clock, draft, { atMs: 0, census: censusOf(sighting(1)), page: pageOf(), starvedMs: 0, deadlineAtMs: DEADLINE_MS })

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

test('what a subject waited for a core is no idle time of its own', async () => {
  const clock = lateClock(0)
  // It gets a fifth of a core and closes when it has had 300 ms.
  const subject = {
    ...subjectWhoCloses(0),
    starvedMs: () => clock.nowMs() * 0.8,
    census: async () => censusOf(...(clock.nowMs() * 0.2 > 300 ? [] : [sighting(1)])),
  }
  expect((await back(clock, subject)).returnedToBaselineMs).not.toBeNull()
})

/** It gets a fifth of a core; its connection idles, and its peer closes it at twice the contract. */
function keptBy(clock: Clock, socket: Partial<LedgerSocket>) {
  const page = pageOf({ sockets: [ledgerSocket(1, { isIdle: true, owner: 'node:http', ...socket })] })
  const isOpen = (): boolean => clock.nowMs() < 2 * DEADLINE_MS
  return {
    gauge: () => null,
    starvedMs: () => clock.nowMs() * 0.8,
    census: async () => censusOf(...(isOpen() ? [sighting(1)] : [])),
    page: async () => (isOpen() ? page : pageOf()),
  }
}

test.each([
  ['the server keeps it for longer than the contract', { serverHintMs: 1_500, idleTimeoutMs: Number.POSITIVE_INFINITY }, false],
  ['both sides do', { serverHintMs: 3_000, idleTimeoutMs: 1_500 }, false],
  ['the client was to close it', { serverHintMs: 3_000, idleTimeoutMs: 500 }, true],
  ['nobody said when it would be closed', { serverHintMs: null, idleTimeoutMs: null }, true],
])('a subject without a core and a connection that idles past the contract: %s', async (_who, socket, isExcused) => {
  const clock = lateClock(0)
  const subject = keptBy(clock, socket)
  const first = { atMs: 0, census: await subject.census(), page: await subject.page(), starvedMs: 0, deadlineAtMs: DEADLINE_MS }
  const seen = await quiesce(subject, clock, draft, first)
  expect(seen.returnedToBaselineMs !== null).toBe(isExcused)
  if (!isExcused) expect(clock.nowMs()).toBeLessThan(DEADLINE_MS + 60)
})

test('a machine whose every turn is late by a tenth of a second does not stretch a deadline of 20 s to 30', async () => {
  const clock = lateClock(100)
  const subject = subjectWhoCloses(Number.POSITIVE_INFINITY)
  const seen = await quiesce(subject, clock, draft, {
    atMs: 0,
    census: censusOf(sighting(1)),
    page: pageOf(),
    starvedMs: null,
    deadlineAtMs: 20_000,
  })
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
  const page = pageOf({ handles: [handle(1)] })
  const timer = {
    ...subject,
    async census() {
      await subject.census()
      return censusOf()
    },
    async page() {
      await subject.page()
      return page
    },
  }
  await quiesce(timer, clock, draft, { atMs: 0, census: censusOf(), page, starvedMs: null, deadlineAtMs: 20_000 })
  // The first look and the one that judges.
  expect(subject.turns()).toBe(2)
  // 10 in the first second, 23 until 10 s, each a tenth of the wait after the last, then one a second.
  expect(subject.pages()).toBeGreaterThan(35)
  expect(subject.pages()).toBeLessThan(50)
})

test('while connections that must close are open the ledger is hardly read: they cannot close unseen', async () => {
  const subject = subjectWhoCloses(Number.POSITIVE_INFINITY, 30)
  const clock = lateClock(0)
  const readAtMs: number[] = []
  const counted = {
    ...subject,
    page() {
      readAtMs.push(clock.nowMs())
      return subject.page()
    },
  }
  const seen = await quiesce(counted, clock, draft, {
    atMs: 0,
    census: censusOf(sighting(1)),
    page: pageOf(),
    starvedMs: null,
    deadlineAtMs: 20_000,
  })
  expect(seen.returnedToBaselineMs).toBeNull()
  expect(readAtMs.length).toBeLessThan(13)
  // Early, late, and a second before the one that judges: what has moved since then still moves.
  expect([readAtMs[0], ...readAtMs.slice(-2)]).toEqual([100, 19_000, 20_000])
})

test.each([
  ['a budget', { budget: { sockets: 1, requests: 0, handles: 0 } }],
  ['an allowance', { allow: [{ origin: 'tcp://127.0.0.1:9000', because: 'a test' }] }],
  ['trust in what is idle', { idleConnections: 'trust' }],
] as const)('with %s an open connection may be no reason to wait, so the ledger is read as ever', async (_what, options) => {
  const subject = subjectWhoCloses(Number.POSITIVE_INFINITY, 30)
  const page = pageOf({ handles: [handle(1)] })
  const held = {
    ...subject,
    async page() {
      await subject.page()
      return page
    },
  }
  const lenient: Draft = { ...draft, options: optionsOf({ idleTimeoutMs: DEADLINE_MS, idleConnections: 'wait', ...options }) }
  await quiesce(held, lateClock(0), lenient, { atMs: 0, census: censusOf(sighting(1)), page, starvedMs: null, deadlineAtMs: 20_000 })
  expect(subject.pages()).toBeGreaterThan(35)
})

test('the look that ends the wait has counted the sockets itself', async () => {
  const subject = subjectWhoCloses(1, 30)
  const seen = await back(lateClock(0), subject)
  expect(seen.recount.sockets).toEqual([])
})

test('work that ran out of time is looked at until the end, though nothing else is held', async () => {
  const clock = lateClock(0)
  const hung: Draft = { ...draft, hung: { because: 'timeout', afterMs: 500, busyAt: null } }
  await quiesce(subjectWhoCloses(0), clock, hung, {
    atMs: 0,
    census: censusOf(),
    page: pageOf(),
    starvedMs: null,
    deadlineAtMs: DEADLINE_MS,
  })
  expect(clock.nowMs()).toBeGreaterThanOrEqual(DEADLINE_MS)
})

test('what never comes is waited for until the deadline, and no longer', async () => {
  const clock = lateClock(0)
  const subject = {
    gauge: () => 3,
    starvedMs: () => null,
    census: async () => ({ ...censusOf(), handles: { FSReqCallback: 1 } }),
    page: async () => pageOf(),
  }
  const seen = await quiesce(subject, clock, draft, {
    atMs: 0,
    census: censusOf(),
    page: pageOf(),
    starvedMs: 0,
    deadlineAtMs: DEADLINE_MS,
  })
  expect(seen.returnedToBaselineMs).not.toBeNull()
  expect(clock.nowMs()).toBeGreaterThanOrEqual(DEADLINE_MS)
  expect(clock.nowMs()).toBeLessThan(DEADLINE_MS + 100)
})

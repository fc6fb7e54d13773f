import { expect, test } from 'vitest'
import { pageOf, sighting } from '../diagnosis/made-up.ts'
import type { Census } from '../model/census.ts'
import type { LedgerPage } from '../model/ledger-page.ts'
import type { Subject } from '../subjects/subject.ts'
import { playPlot } from './plot.ts'
import { realClock } from './real-clock.ts'
import { resolveOptions } from './resolve-options.ts'

const EMPTY: Census = { atMs: 0, sockets: [], descriptors: 3, handles: {}, files: [], missing: [] }

/** Nothing is ever open in it; it remembers what it was asked. */
function emptySubject(asked: string[]): Subject {
  const answer =
    <T>(what: string, value: T) =>
    async (): Promise<T> => {
      asked.push(what)
      return value
    }
  return {
    pid: 0,
    census: answer('census', EMPTY),
    gauge: () => 3,
    starvedMs: () => null,
    page: answer('page', null),
    beginWork: answer('beginWork', undefined),
    runWork: answer('runWork', { type: 'done' }),
    endWork: answer('endWork', undefined),
    abandonWork: answer('abandonWork', undefined),
    releaseBodies: answer('releaseBodies', 0),
    closeIdle: answer('closeIdle', 0),
    [Symbol.asyncDispose]: async () => {},
  }
}

test('the end of the work is announced when it ends, not after it was looked at', async () => {
  const asked: string[] = []
  await playPlot(emptySubject(asked), resolveOptions({ idleTimeoutMs: 50, level: 'off' }), {
    clock: realClock,
    cwd: '/',
    onPhase: (phase) => asked.push(`-- ${phase}`),
  })
  expect(asked.slice(asked.indexOf('-- work'), asked.indexOf('-- quiesce') + 2)).toEqual([
    '-- work',
    'beginWork',
    'runWork',
    'endWork',
    '-- quiesce',
    'census',
  ])
})

test('what shares our event loop has its patience from when we let it run, not from when the work ended', async () => {
  let isOpen = false
  let looks = 0
  const subject: Subject = {
    ...emptySubject([]),
    pid: process.pid,
    async census() {
      // Our first look after the work takes longer than the deadline.
      if (isOpen && looks++ === 0) for (const until = performance.now() + 300; performance.now() < until; );
      return isOpen ? { ...EMPTY, sockets: [sighting(1)], descriptors: 4 } : EMPTY
    },
    async runWork() {
      isOpen = true
      // Closing takes several turns.
      void (async () => {
        for (let turn = 0; turn < 4; turn += 1) await realClock.sleep(20)
        isOpen = false
      })()
      return { type: 'done' }
    },
  }
  const { diagnosis } = await playPlot(subject, resolveOptions({ idleTimeoutMs: 250, level: 'off' }), { clock: realClock, cwd: '/' })
  expect(diagnosis.verdict).toBe('clean')
})

test('work that blocks its event loop after its time was up is said to, and its connections are not called left open', async () => {
  const open: Census = { ...EMPTY, sockets: [sighting(1)], descriptors: 4 }
  const pages: LedgerPage[] = [pageOf()]
  let hasBegun = false
  const subject: Subject = {
    ...emptySubject([]),
    census: async () => (hasBegun ? open : EMPTY),
    page: async () => pages.shift() ?? null,
    runWork: () => {
      hasBegun = true
      return new Promise(() => {})
    },
    busyAt: async () => ({ file: '/app.js', line: 3, column: 1, function: 'spins' }),
  }
  const { diagnosis } = await playPlot(subject, resolveOptions({ workTimeoutMs: 20, idleTimeoutMs: 1_000 }), { clock: realClock, cwd: '/' })
  expect(diagnosis.findings).toMatchObject([
    { code: 'WORK_HUNG', openedAt: { line: 3 }, summary: expect.stringContaining('its event loop does not answer') },
  ])
  expect(diagnosis.verdict).toBe('leaked')
})

test('of work that hangs without a ledger nobody says that its event loop is blocked', async () => {
  const subject: Subject = { ...emptySubject([]), runWork: () => new Promise(() => {}) }
  const options = resolveOptions({ level: 'off', workTimeoutMs: 20, idleTimeoutMs: 100 })
  const { diagnosis } = await playPlot(subject, options, { clock: realClock, cwd: '/' })
  expect(diagnosis.findings.map(({ code, summary }) => `${code}: ${summary}`)).toEqual([expect.stringContaining('WORK_HUNG: ')])
  expect(diagnosis.findings[0]?.summary).not.toContain('event loop')
})

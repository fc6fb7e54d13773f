import { expect, test } from 'vitest'
import { censusOf, line, pageOf } from '../diagnosis/made-up.ts'
import type { Clock } from '../model/clock.ts'
import type { LedgerPage } from '../model/ledger-page.ts'
import type { Executed } from '../subjects/exec-child.ts'
import type { Ending } from '../subjects/exec-start.ts'
import type { Turn } from './await-turn.ts'
import { judge } from './judge-program.ts'
import type { WatchRequest } from './watch-program.ts'

const clock: Clock = { nowMs: () => 0, sleep: async () => {} }
const request = {
  idleAfterMs: 1_000,
  idleTimeoutMs: null,
  timeoutMs: 1_000,
  allow: [],
  budget: {},
  load: null,
  signal: new AbortController().signal,
  clock,
  cwd: '/app',
} satisfies WatchRequest
const timeIsUp: Turn = { type: 'hung', because: 'timeout', driven: null }

/** A program that gives these answers to who asks for its page, and then none. */
function programOf(pages: readonly LedgerPage[], ending: Ending | null = null): Executed {
  const left = [...pages]
  const known: Pick<Executed, 'ending' | 'census' | 'page' | 'busyAt' | 'unheard'> = {
    ending: () => ending,
    census: async () => censusOf(),
    page: async () => left.shift() ?? null,
    busyAt: async () => line(12),
    unheard: () => null,
  }
  return known as Executed
}

const told = async (program: Executed): Promise<unknown> => {
  const { diagnosis } = await judge(program, request, timeIsUp, 1_000, () => null)
  const finding = diagnosis.findings.find(({ code }) => code === 'WORK_HUNG')
  return { verdict: diagnosis.verdict, says: finding?.summary, line: finding?.openedAt?.line ?? null }
}

test('a program that blocks its event loop after its time was up is said to, at the line it never leaves', async () => {
  expect(await told(programOf([pageOf()]))).toMatchObject({ says: expect.stringContaining('its event loop does not answer'), line: 12 })
})

test('one that still answers has not settled', async () => {
  expect(await told(programOf([pageOf(), pageOf()]))).toMatchObject({ says: expect.stringContaining('did not settle'), line: null })
})

test('nor does one block anything that has ended meanwhile', async () => {
  expect(await told(programOf([pageOf()], { code: 0, signal: null }))).not.toMatchObject({ line: 12 })
})

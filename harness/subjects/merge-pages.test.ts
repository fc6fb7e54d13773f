import { expect, test } from 'vitest'
import { startLedger } from '../ledger/ledger.ts'
import type { LedgerPage, OpenHandle, OpenRequest } from '../model/ledger-page.ts'
import { clientEyes } from '../probes/pools.ts'
import { mergePages, mergePulses } from './merge-pages.ts'

const ledger = startLedger(clientEyes, 'off')
const EMPTY: LedgerPage = ledger.page()
const handle = (id: number): OpenHandle => ({ id }) as OpenHandle
const request = (id: number, socketId: number | null): OpenRequest => ({ id, socketId, poolId: null }) as OpenRequest

test('two processes that number alike are kept apart, and a request stays on its socket', () => {
  const page = { ...EMPTY, handles: [handle(1)], requests: [request(1, 7), request(2, null)] }
  const merged = mergePages([
    { ordinal: 0, page },
    { ordinal: 1, page },
  ])
  expect(merged?.handles.map(({ id }) => id)).toEqual([1, 1_000_000_001])
  expect(merged?.requests.map(({ id, socketId }) => [id, socketId])).toEqual([
    [1, 7],
    [2, null],
    [1_000_000_001, 1_000_000_007],
    [1_000_000_002, null],
  ])
})

test('what they counted is added up', () => {
  const page = {
    ...EMPTY,
    counts: { sent: 3, ok: 2, failed: 1, connectionsOpened: 2, peakOpen: 2 },
    served: { requests: 4, outside: 4, inFlight: 1, accepted: 2 },
  }
  expect(mergePages([0, 1].map((ordinal) => ({ ordinal, page })))).toMatchObject({
    counts: { sent: 6, ok: 4, failed: 2, connectionsOpened: 4, peakOpen: 4 },
    served: { requests: 8, outside: 8, inFlight: 2, accepted: 4 },
  })
  expect(mergePulses([ledger.pulse(), { ...ledger.pulse(), sent: 2 }])).toMatchObject({ sent: 2, open: 0 })
})

test('of nobody there is no page', () => {
  expect([mergePages([]), mergePulses([])]).toEqual([null, null])
})

test('times of a process that started later are put on the clock of the first', () => {
  const times = (openedAtMs: number): Pick<LedgerPage, 'handles' | 'atMs'> => ({ handles: [{ id: 1, openedAtMs } as OpenHandle], atMs: 50 })
  const merged = mergePages([
    { ordinal: 0, page: { ...EMPTY, ...times(10), timeOriginMs: 1_000 } },
    { ordinal: 1, page: { ...EMPTY, ...times(10), timeOriginMs: 1_400 } },
  ])
  expect(merged?.handles.map(({ openedAtMs }) => openedAtMs)).toEqual([10, 410])
  expect(merged).toMatchObject({ atMs: 450, timeOriginMs: 1_000 })
})

import { expect, test } from 'vitest'
import { censusOf, pageOf } from '../diagnosis/made-up.ts'
import type { LedgerPage, OpenResponse, Pulse } from '../model/ledger-page.ts'
import type { Executed } from '../subjects/exec-child.ts'
import { awaitTurn } from './await-turn.ts'
import type { Driven, WatchRequest } from './watch-program.ts'

const owed: OpenResponse = {
  id: 1,
  method: 'GET',
  path: '/mute',
  origin: null,
  status: null,
  startedAtMs: 0,
  socketBytesWritten: 0,
  waitsForPeer: false,
  isEventStream: false,
  localPort: 1,
  remotePort: 2,
  iteration: 0,
  isOwnServer: false,
  openedAt: null,
  lastTouchedAt: null,
}

/** A service that owes one answer to the load that asks for it; time passes while somebody sleeps, of which the program gets so much. */
function turnOf({
  page,
  timeoutMs,
  getsACore = 1,
}: {
  readonly page: LedgerPage
  readonly timeoutMs: number
  readonly getsACore?: number
}) {
  let nowMs = 0
  const served = { ...page.served, requests: 1, inFlight: 1 }
  const pulse: Pulse = { served, sent: 0, ok: 0, failed: 0, open: 0, callers: [], dialled: [] }
  const known: Partial<Executed> = {
    ending: () => null,
    census: async () => censusOf(),
    page: async () => ({ ...page, served }),
    pulse: async () => pulse,
    unheard: () => null,
    starvedMs: () => nowMs * (1 - getsACore),
    ended: new Promise(() => {}),
    startOthersAfresh: async () => {},
  }
  const load = new AbortController()
  const request: WatchRequest = {
    idleAfterMs: 1_000,
    idleTimeoutMs: null,
    timeoutMs,
    allow: [],
    budget: {},
    load: () => new Promise<Driven>(() => {}),
    signal: new AbortController().signal,
    clock: {
      nowMs: () => nowMs,
      async sleep(ms) {
        nowMs += ms
      },
    },
    cwd: '/app',
  }
  return awaitTurn(known as Executed, request, null, load).then((turn) => ({ turn, isDriven: !load.signal.aborted, afterMs: nowMs }))
}

test('who owes answers that nothing will end is still asked for them when that is known: with its callers the responses would go', async () => {
  const { turn, isDriven } = await turnOf({ page: pageOf({ responses: [owed] }), timeoutMs: 60_000 })
  expect({ turn, isDriven }).toMatchObject({ turn: { type: 'hung', because: 'unanswered' }, isDriven: true })
})

test('the load ends where only time has decided', async () => {
  const { turn, isDriven } = await turnOf({ page: pageOf(), timeoutMs: 1_000 })
  expect({ turn, isDriven }).toMatchObject({ turn: { type: 'hung', because: 'timeout' }, isDriven: false })
})

test.each([
  ['has a core: its time', 1, 3_000],
  ['gets half of one: twice as much', 0.5, 6_000],
  ['gets none: ten seconds more', 0, 13_000],
])('time is up for a program that %s', async (_, getsACore, expectedMs) => {
  const { afterMs } = await turnOf({ page: pageOf(), timeoutMs: 3_000, getsACore })
  expect(afterMs).toBe(expectedMs)
})

import { expect, test } from 'vitest'
import { handle, pageOf, request } from '../diagnosis/made-up.ts'
import type { LedgerPage, OpenResponse } from '../model/ledger-page.ts'
import { unansweredSignature } from './stall.ts'

const owed: OpenResponse = {
  id: 1,
  method: 'GET',
  path: '/albums/1',
  origin: null,
  status: null,
  startedAtMs: 0,
  socketBytesWritten: 5,
  waitsForPeer: false,
  isEventStream: false,
  localPort: null,
  remotePort: null,
  iteration: 0,
  isOwnServer: false,
  openedAt: null,
  lastTouchedAt: null,
}
const signature = (some: Partial<LedgerPage> = {}) =>
  unansweredSignature(pageOf({ responses: [owed], served: { requests: 4, outside: 4, inFlight: 1, accepted: 1 }, ...some }))

test('a service that owes responses and has nothing open that could end them may be hung', () => {
  expect(signature()).toBe(signature())
  expect(signature()).toEqual(expect.any(String))
})

test('a byte more, or a request more, is another state', () => {
  expect(signature({ responses: [{ ...owed, socketBytesWritten: 6 }] })).not.toBe(signature())
  expect(signature({ served: { requests: 5, outside: 5, inFlight: 1, accepted: 1 } })).not.toBe(signature())
})

test('a timer, or a request of its own under way, may yet end a response', () => {
  expect(signature({ handles: [handle(1)] })).toBe(null)
  expect(signature({ requests: [request(1, { phase: 'sent', reader: null })] })).toBe(null)
})

test('an unread body of its own ends nothing', () => {
  expect(signature({ requests: [request(1)] })).toEqual(expect.any(String))
})

test('it owes nothing when it has ended all, when it is the turn of a caller, or when events are sent', () => {
  expect(signature({ responses: [] })).toBe(null)
  expect(signature({ responses: [{ ...owed, waitsForPeer: true }] })).toBe(null)
  expect(signature({ responses: [{ ...owed, isEventStream: true }] })).toBe(null)
})

import { expect, test } from 'vitest'
import type { Diagnosis } from '../model/diagnosis.ts'
import { disagreements } from './expectation.ts'

const COUNTS = { sockets: 0, handles: 0, descriptors: 0, byState: {} }

const diagnosis: Diagnosis = {
  verdict: 'clean',
  findings: [],
  workError: undefined,
  missing: [],
  baseline: COUNTS,
  peak: COUNTS,
  recount: COUNTS,
  deadlineMs: 6_000,
  returnedToBaselineMs: 4,
  blockedAtRequest: null,
  requests: { sent: 50, ok: 50, failed: 0 },
  connectionsOpened: 50,
}

test('work that opens no more connections than declared is as expected, churn or not', () => {
  expect(disagreements(diagnosis, { verdict: 'clean' })).toEqual([])
  expect(disagreements(diagnosis, { verdict: 'clean', connectionsAtMost: 50 })).toEqual([])
})

test('work that opens more connections than declared is not', () => {
  expect(disagreements(diagnosis, { verdict: 'clean', connectionsAtMost: 2 })).toEqual([
    'declared to open 2 connections at most, opened 50',
  ])
})

test('each disagreement is told', () => {
  expect(disagreements(diagnosis, { verdict: 'leaked', codes: ['UNREAD_BODY'], blockedAtRequest: 26 })).toEqual([
    'declared leaked, judged clean',
    'UNREAD_BODY is declared and was not found',
    'declared to block at request 26, and nothing blocked',
  ])
})

import { describe, expect, test } from 'vitest'
import type { Evidence, Finding } from '../harness/model/finding.ts'
import { proofText, requestText, why } from './finding-text.ts'

const FINDING: Finding = {
  code: 'UNREAD_BODY',
  severity: 'leak',
  count: 25,
  origin: 'http://127.0.0.1:9000',
  request: { method: 'GET', path: '/photos/*', status: 200 },
  openedAt: null,
  lastTouchedAt: null,
  summary: '',
  evidence: [],
  advice: '',
  fingerprint: '',
}

const EVIDENCE: readonly (readonly [Evidence['ledger'], string, Evidence['value'], string])[] = [
  ['requests', 'headers at +12 ms, 0 of 1000000 bytes read', 25, 'headers at +12 ms, 0 of 1.0 MB read'],
  ['requests', 'headers at +12 ms, 0 of 65536 bytes read', 25, 'headers at +12 ms, 0 of 65536 bytes read'],
  ['requests', 'leases held by unread bodies', 25, '25 leases held by unread bodies'],
  ['requests', 'the process cannot end', null, 'the process cannot end'],
  ['requests', 'no request is open', 0, 'no request is open'],
  ['kernel', 'ESTABLISHED', 25, '25 sockets ESTABLISHED'],
  ['kernel', 'CLOSE_WAIT', 1, '1 socket CLOSE_WAIT'],
  ['kernel', 'bytes waiting in receive queues', 4760729, '4.8 MB waiting in receive queues'],
  ['pools', 'leased, of 25', 25, '25 leased, of 25'],
  ['pools', '25 of 25 leases taken', 25, '25 of 25 leases taken'],
  ['pools', "server's Keep-Alive hint, ms", 120_000, "server's Keep-Alive hint: 2 m"],
  ['pools', 'idle timeout', 'none', 'idle timeout: none'],
  ['peer', 'embedded backend: connections open', 25, 'embedded backend: 25 connections open'],
]

describe('evidence in words', () => {
  test.each(EVIDENCE)('%s %s (%s) reads %s', (ledger, says, value, words) => {
    expect(why({ ...FINDING, evidence: [{ ledger, says, value }] })).toBe(words)
  })

  test('of one ledger is separated by commas, of several by semicolons', () => {
    const evidence: Evidence[] = [
      { ledger: 'pools', says: 'queued', value: 1 },
      { ledger: 'kernel', says: 'ESTABLISHED', value: 25 },
      { ledger: 'pools', says: 'idle', value: 2 },
    ]
    expect(why({ ...FINDING, evidence })).toBe('1 queued, 2 idle; 25 sockets ESTABLISHED')
  })
})

test('what a finding is about leaves out what does not apply', () => {
  expect(requestText(FINDING)).toBe('GET http://127.0.0.1:9000/photos/*')
  expect(requestText({ ...FINDING, origin: null })).toBe('GET /photos/*')
  expect(requestText({ ...FINDING, request: null })).toBe('http://127.0.0.1:9000')
  expect(requestText({ ...FINDING, request: null, origin: null })).toBe('')
})

test.each([
  [
    { released: 25, answeredInMs: 3.2, baselineInMs: 40 },
    26,
    'released 25 bodies: request 26 answered in 3 ms, back at the baseline in 40 ms',
  ],
  [{ released: 1, answeredInMs: null, baselineInMs: 4012 }, null, 'released 1 body: back at the baseline in 4.0 s'],
  [
    { released: 2, answeredInMs: null, baselineInMs: null },
    3,
    'released 2 bodies: request 3 was still not answered, never back at the baseline',
  ],
])('the proof %o reads as what happened', (proof, blockedAtRequest, words) => {
  expect(proofText(proof, blockedAtRequest, 'body')).toBe(words)
})

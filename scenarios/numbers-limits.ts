/** Limits and idle timeouts, as runs have measured them (numbers.ts). */
import { expect } from 'vitest'
import type { NumberClaim } from './numbers.ts'

/** Any number of that range. */
const between = (least: number, most: number): unknown =>
  expect.toSatisfy((value: unknown) => typeof value === 'number' && value >= least && value <= most, `${least} to ${most}`)

const onEmbedded = (scenario: string, name: string | null, variant: 'leaky' | 'fixed', numbers: object): NumberClaim => ({
  scenario,
  case: name,
  variant,
  backend: 'embedded',
  numbers,
})

/** Counted from the end of the work, which is a little later than the last answer the server has sent. */
const EARLY_MS = 1_000

/** Of 40 connections some the server may have closed before it stood still. */
const RACED = { findings: expect.arrayContaining([expect.objectContaining({ code: 'IDLE_RACE', count: between(1, 40) })]) }
const UNENFORCED = (count: number): object => ({
  findings: [{ code: 'LIMIT_UNENFORCED', count, evidence: [{ ledger: 'pools', value: count }, { value: 100 }] }],
})

/** The SDK's own second, and what a busy machine adds to it. */
const GAVE_UP = { says: 'queued, not connecting, until the caller gave up, ms', value: between(950, 3_000) }
const holding = (item: object): unknown => expect.arrayContaining([expect.objectContaining(item)])

/** Says the knob and the value to set. */
const proposing = (code: string, advice: string): object => ({ findings: holding({ code, advice: expect.stringContaining(advice) }) })
const WRONG = 'limits-set-wrong'

export const CLAIMS: readonly NumberClaim[] = [
  onEmbedded(WRONG, 'idle time too high', 'leaky', proposing('IDLE_RACE', 'keepAliveTimeout: 2000, keepAliveMaxTimeout: 2000')),
  onEmbedded(WRONG, 'idle time too low', 'leaky', { connectionsOpened: 8, ...proposing('CONNECTION_CHURN', 'keepAliveTimeout: 4_000') }),
  onEmbedded(WRONG, 'no idle time, no limit', 'leaky', {
    connectionsOpened: 45,
    ...proposing('TIMEOUT_MISSING', 'timeout: 4000 and maxSockets: 25'),
  }),
  onEmbedded(WRONG, 'idle per host -1', 'leaky', { connectionsOpened: 8, ...proposing('CONNECTION_CHURN', 'MaxIdleConnsPerHost: 8') }),
  onEmbedded(WRONG, 'per host above the total', 'leaky', { connectionsOpened: 25, ...proposing('LIMIT_CONTRADICTION', 'maxSockets: 25') }),
  onEmbedded(WRONG, "overridden by the server's hint", 'leaky', proposing('LIMIT_CONTRADICTION', 'keepAliveMaxTimeout: 2000')),
  onEmbedded(WRONG, 'half an hour in all', 'leaky', proposing('TIMEOUT_MISSING', 'ResponseHeaderTimeout: 30s')),
  onEmbedded('idle-return-table', null, 'fixed', {
    connectionsOpened: 70,
    requests: { sent: 70, ok: 70, failed: 0 },
    measured: expect.arrayContaining([expect.stringMatching(/^35 of 35 cells as the formula has them/)]),
  }),
  {
    scenario: 'server-slow-header',
    case: null,
    backend: null,
    variant: 'leaky',
    numbers: { measured: [], findings: [{ code: 'TIMEOUT_INEFFECTIVE', count: 3, summary: expect.stringContaining('every 30000 ms') }] },
  },
  {
    scenario: 'server-slow-header',
    case: null,
    backend: null,
    variant: 'fixed',
    numbers: { measured: [1, 2, 3].map(() => expect.stringMatching(/^half a header was answered 408 after \d+ ms$/)) },
  },
  onEmbedded('aws-queued-timeouts', null, 'leaky', {
    blockedAtRequest: 3,
    connectionsOpened: 2,
    workError: expect.stringContaining('did not establish a connection'),
    findings: [
      { code: 'UNREAD_BODY', count: 2 },
      { code: 'POOL_STARVED', count: 1, summary: expect.stringContaining('queued, not connecting'), evidence: holding(GAVE_UP) },
    ],
  }),
  onEmbedded('queued-abort-ignored', null, 'leaky', {
    findings: holding({ code: 'TIMEOUT_INEFFECTIVE', count: 1, summary: expect.stringContaining('only when a socket frees') }),
  }),
  onEmbedded('timeouts-that-cannot-fire', null, 'leaky', {
    connectionsOpened: 2,
    findings: holding({ code: 'TIMEOUT_INEFFECTIVE', count: 2, summary: expect.stringContaining('bodyTimeout of 500 ms has passed') }),
  }),
  onEmbedded('idle-uncapped', 'undici', 'leaky', { connectionsOpened: 200, ...UNENFORCED(200) }),
  onEmbedded('idle-uncapped', 'undici', 'fixed', { connectionsOpened: 100, requests: { sent: 200, ok: 200, failed: 0 } }),
  onEmbedded('idle-uncapped', 'http.Agent', 'leaky', { connectionsOpened: 400, ...UNENFORCED(256) }),
  onEmbedded('idle-uncapped', 'http.Agent', 'fixed', { requests: { sent: 400, ok: 400, failed: 0 } }),
  onEmbedded('idle-race', 'undici', 'leaky', RACED),
  onEmbedded('idle-race', 'undici', 'fixed', { requests: { sent: 81, ok: 81, failed: 0 } }),
  onEmbedded('idle-race', 'node:http', 'leaky', RACED),
  onEmbedded('idle-race', 'node:http', 'fixed', { requests: { sent: 81, ok: 81, failed: 0 } }),
  onEmbedded('max-requests-per-socket', null, 'leaky', {
    connectionsOpened: 3,
    requests: { sent: 6, ok: 6, failed: 0 },
    findings: [{ code: 'CONNECTION_CHURN', count: 3, summary: expect.stringContaining('the server closes each after 2 answers') }],
  }),
  onEmbedded('max-requests-per-socket', null, 'fixed', { connectionsOpened: 1, requests: { sent: 6, ok: 6, failed: 0 }, findings: [] }),
  onEmbedded('server-idle-20-and-30', '20 s', 'fixed', { connectionsOpened: 10, returnedToBaselineMs: between(20_000 - EARLY_MS, 22_000) }),
  onEmbedded('server-idle-20-and-30', '30 s', 'fixed', { connectionsOpened: 10, returnedToBaselineMs: between(30_000 - EARLY_MS, 32_000) }),
  onEmbedded('server-idle-20-and-30', '30 s, believed to be 20 s', 'leaky', {
    returnedToBaselineMs: null,
    findings: [{ code: 'IDLE_PAST_DEADLINE', count: 10, summary: expect.stringContaining('the server closes at 31000 ms') }],
  }),
]

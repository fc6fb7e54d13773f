import type { Knob } from '../../../limits/limit-profile.ts'
import { shownMs } from '../../../limits/lint-side.ts'

/** How a knob is told to people. */
export const KNOB_WORDS: Readonly<Record<Knob, string>> = {
  maxPerHost: 'connections per host',
  maxTotal: 'connections in all',
  maxIdlePerHost: 'idle connections per host',
  maxIdleTotal: 'idle connections in all',
  keepAlive: 'keep-alive',
  atLimit: 'at the limit it',
  idleMs: 'idle timeout',
  maxIdleMs: "most a server's hint may make of the idle timeout",
  hint: "the server's hint is",
  poolWaitMs: 'wait for a connection of the pool',
  dialMs: 'connecting',
  tlsMs: 'TLS handshake',
  continueMs: 'wait for 100 Continue',
  headersMs: 'wait for the headers of the answer',
  headersOnlyWarn: 'that wait only warns',
  bodyMs: 'silence within a body',
  totalMs: 'whole request',
  tcpKeepAliveMs: 'first TCP keep-alive probe after',
  idleBufferMs: 'closes later than announced by',
  sendsHint: 'sends a Keep-Alive hint',
  readHeadersMs: "wait for a request's headers",
  requestMs: 'wait for a whole request',
  checkEveryMs: 'both checked every',
  maxRequestsPerSocket: 'requests per connection',
  maxConnections: 'connections accepted',
}

/** `6 s`, `no limit`, `32`, `off`. */
export function shownValue(knob: Knob, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value !== 'number') return String(value)
  if (knob.endsWith('Ms')) return Number.isFinite(value) ? shownMs(value) : 'none'
  return Number.isFinite(value) ? String(value) : 'no limit'
}

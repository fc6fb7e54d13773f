/** Stalls, uploads and what proxies leave: what runs of these scenarios must have counted. */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { NumberClaim } from './numbers.ts'

/** The line of a scenario that holds this text: a line is known by what stands there. */
function at(file: string, text: string): { readonly file: string; readonly line: number } {
  const lines = readFileSync(new URL(file, import.meta.url), 'utf8').split('\n')
  return { file: `scenarios/${file}`, line: lines.findIndex((line) => line.includes(text)) + 1 }
}

const claim = (scenario: string, name: string | null, variant: 'leaky' | 'fixed', numbers: object): NumberClaim => ({
  scenario,
  case: name,
  variant,
  backend: 'embedded',
  numbers,
})

const TLS = 'backend/tls-variants.ts'
const UPLOAD = 'backend/upload-abandoned.ts'
const PROXY = 'server/upstream-not-cancelled.ts'
const at3 = (code: string): readonly object[] => [
  { code, count: 1, openedAt: at(TLS, 'const { body } = await request(') },
  { code, count: 1, openedAt: at(TLS, 'options, resolve)') },
  { code, count: 1, openedAt: at(TLS, 'await s3.send(new GetObjectCommand') },
]
// Churn stands beside it or not, by how many of the callers were there at one time.
const NOT_CANCELLED = expect.arrayContaining([
  expect.objectContaining({ code: 'UPSTREAM_NOT_CANCELLED', count: 4, openedAt: expect.objectContaining(at(PROXY, 'await s3.send(')) }),
])
const abandoned = (line: string): object => ({
  findings: [
    { code: 'REQUEST_BODY_ABANDONED', count: 3, openedAt: at(UPLOAD, line) },
    { code: 'FILE_LEFT_OPEN', count: 3, openedAt: at(UPLOAD, 'createReadStream(') },
  ],
})
const SIXTY = {
  connectionsOpened: 60,
  blockedAtRequest: null,
  requests: { sent: 60, ok: 60, failed: 0 },
  findings: [{ code: 'UNREAD_BODY', count: 60 }],
}
const BLOCKED_AT_26 = { connectionsOpened: 25, requests: { sent: 26, ok: 25, failed: 0 } }

const LOOP = 'process/blocked-event-loop.ts'

export const CLAIMS: readonly NumberClaim[] = [
  claim('blocked-event-loop', 'loop', 'leaky', { findings: [{ code: 'WORK_HUNG', openedAt: at(LOOP, 'while (!isReady)') }] }),
  claim('blocked-event-loop', 'regex', 'leaky', { findings: [{ code: 'WORK_HUNG', openedAt: at(LOOP, '/^(a+)+$/.test(tag)') }] }),
  claim('tls-variants', 'handshake', 'leaky', { findings: at3('TLS_STALLED') }),
  claim('tls-variants', 'unread', 'leaky', { findings: at3('UNREAD_BODY') }),
  claim('upload-abandoned', 'aws-sdk', 'leaky', abandoned('await put(backend')),
  claim('upload-abandoned', 'axios', 'leaky', abandoned('axios.put(')),
  claim('upstream-not-cancelled', null, 'leaky', { findings: NOT_CANCELLED }),
  claim('minio-js-unbounded', null, 'leaky', SIXTY),
  claim('minio-js-capped', null, 'leaky', BLOCKED_AT_26),
]

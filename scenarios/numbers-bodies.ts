/** What runs about bodies and their ways out must have counted (facts.md). */
import { expect } from 'vitest'
import type { NumberClaim } from './numbers.ts'

const on = (scenario: string, name: string | null, variant: 'leaky' | 'fixed', numbers: object): NumberClaim => ({
  scenario,
  case: name,
  variant,
  backend: 'embedded',
  numbers,
})

const BLOCKED_AT_26 = { blockedAtRequest: 26, connectionsOpened: 25, requests: { sent: 26, ok: 25, failed: 0 } }

/** Of ten clients each forgets two bodies, by a lost race and by an error; of got no line is known. */
const FORGOTTEN = Array.from({ length: 10 }, () => ({ code: 'UNREAD_BODY', count: 2 }))

export const CLAIMS: readonly NumberClaim[] = [
  on('abandon-matrix', 'ways that let go', 'fixed', { requests: { sent: 49 } }),
  on('abandon-matrix', 'ways that do not', 'leaky', {
    requests: { sent: 22, ok: 22, failed: 0 },
    findings: expect.arrayContaining(
      [...FORGOTTEN, { code: 'CLONE_BRANCH_UNREAD', count: 1 }, { code: 'LOST_POOL_SLOT', count: 1 }].map((each) =>
        expect.objectContaining(each),
      ),
    ),
    proof: { released: 22 },
  }),
  // Two sockets, wedged after two objects; and what was let go of by force gives them back.
  on('aws-destroy-wedges', 'update the SDK', 'leaky', {
    blockedAtRequest: 3,
    connectionsOpened: 2,
    findings: [{ code: 'LOST_POOL_SLOT', count: 2 }, { code: 'POOL_STARVED' }, { code: 'WORK_HUNG' }],
    proof: { released: 2 },
  }),
  on('aws-destroy-wedges', 'update the SDK', 'fixed', { requests: { sent: 12, ok: 12, failed: 0 } }),
  on('http2-unread-streams', null, 'leaky', {
    blockedAtRequest: 101,
    connectionsOpened: 1,
    peak: { sockets: 1 },
    findings: [{ code: 'H2_STREAM_OPEN', count: 100 }, { code: 'POOL_STARVED' }, { code: 'WORK_HUNG' }],
  }),
  ...['axios', 'got', 'ky', 'node-fetch', 'superagent', 'small: axios', 'small: got', 'ky, 65536 B'].map((name) =>
    on('client-sweep', name, 'leaky', BLOCKED_AT_26),
  ),
  on('client-sweep', 'small: ky, node-fetch, superagent', 'fixed', { requests: { sent: 120, ok: 120, failed: 0 } }),
  on('s3-compatible-oci', null, 'leaky', { ...BLOCKED_AT_26, requests: { sent: 27, ok: 26, failed: 0 } }),
  // 25, and two whose data the collector took.
  on('oci-gc-truncation', null, 'leaky', {
    blockedAtRequest: 28,
    connectionsOpened: 27,
    findings: [{ code: 'UNREAD_BODY', count: 25 }, { code: 'TRUNCATED_BY_GC', count: 2 }, { code: 'POOL_STARVED' }, { code: 'WORK_HUNG' }],
  }),
  on('http2-unread-streams', null, 'fixed', { connectionsOpened: 1, requests: { sent: 120, ok: 120, failed: 0 } }),
]

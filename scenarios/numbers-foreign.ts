/** Programs of other runtimes, seen from outside: what runs of these scenarios must have counted. */
import { expect } from 'vitest'
import type { NumberClaim } from './numbers.ts'

const claim = (
  scenario: string,
  name: string | null,
  backend: 'embedded' | 'minio',
  variant: 'leaky' | 'fixed',
  numbers: object,
): NumberClaim => ({ scenario, case: name, variant, backend, numbers })

/** net/http reads and writes each connection in a goroutine of its own; the 26th request waits in getConn. */
const BLOCKED_AT_26 = {
  blockedAtRequest: 26,
  connectionsOpened: 25,
  findings: [
    {
      code: 'UNREAD_BODY',
      count: 25,
      evidence: expect.arrayContaining([
        { ledger: 'kernel', says: 'ESTABLISHED', value: 25 },
        { ledger: 'pools', says: expect.stringMatching(/^goroutines that read and write pooled connections/), value: 2 * 25 },
      ]),
    },
    {
      code: 'POOL_STARVED',
      evidence: expect.arrayContaining([{ ledger: 'pools', says: 'goroutines that wait for a connection (getConn)', value: 1 }]),
    },
    { code: 'WORK_HUNG' },
  ],
}
const COPIED = { requests: { sent: 120, ok: 120, failed: 0 } }
const READ = { requests: { sent: 10, ok: 10, failed: 0 } }

export const CLAIMS: readonly NumberClaim[] = [
  claim('go-batch-copy', null, 'embedded', 'leaky', BLOCKED_AT_26),
  claim('go-batch-copy', null, 'minio', 'leaky', BLOCKED_AT_26),
  claim('go-batch-copy', null, 'embedded', 'fixed', COPIED),
  claim('go-batch-copy', null, 'minio', 'fixed', COPIED),
  claim('python-requests', '1 kB', 'embedded', 'leaky', { findings: [{ code: 'IDLE_PAST_DEADLINE', count: 10 }] }),
  claim('python-requests', '1 MB', 'embedded', 'leaky', { findings: [{ code: 'UNREAD_BODY', count: 10 }] }),
  claim('python-requests', '1 kB', 'embedded', 'fixed', READ),
  claim('python-requests', '1 MB', 'embedded', 'fixed', READ),
]

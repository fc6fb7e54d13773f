/** What runs must have counted: measured, and the point of their scenario (facts.md). scenarios.test.ts asserts them; each area has a file of its own, numbers-*.ts. */
import { expect } from 'vitest'

/** One run, and what its record must contain: anything that `toMatchObject` takes. */
export interface NumberClaim {
  readonly scenario: string
  readonly case: string | null
  readonly backend: 'embedded' | 'minio' | 'azurite' | 'fake-gcs' | 'toxiproxy' | 'cluster' | null
  readonly variant: 'leaky' | 'fixed'
  readonly numbers: object
}

const CHURN = { code: 'CONNECTION_CHURN' }
const HINT_WINS = expect.stringContaining("the server's hint of 120000 ms overrides the client's keepAliveTimeout of 6000 ms")
const PER_CALL = { connectionsOpened: 200, findings: [{ code: 'CLIENT_PER_CALL', count: 200 }, CHURN] }
const ALL_SIXTY = { sent: 60, ok: 60, failed: 0 }
const BLOCKED = { connectionsOpened: 25, requests: { sent: 26, ok: 25, failed: 0 } }

const onEmbedded = (scenario: string, name: string | null, variant: 'leaky' | 'fixed', numbers: object): NumberClaim => ({
  scenario,
  case: name,
  variant,
  backend: 'embedded',
  numbers,
})

export const CLAIMS: readonly NumberClaim[] = [
  onEmbedded('undici-small-body', '65535', 'fixed', { requests: ALL_SIXTY }),
  onEmbedded('undici-small-body', '65536', 'leaky', BLOCKED),
  onEmbedded('fetch-masked-by-gc', null, 'leaky', { connectionsOpened: 60, requests: ALL_SIXTY }),
  onEmbedded('fetch-masked-by-gc', null, 'fixed', { requests: ALL_SIXTY }),
  onEmbedded('fetch-held', null, 'leaky', BLOCKED),
  onEmbedded('fetch-held', null, 'fixed', { connectionsOpened: 60, requests: ALL_SIXTY }),
  onEmbedded('client-per-call', 'aws-sdk', 'leaky', PER_CALL),
  onEmbedded('client-per-call', 'undici', 'leaky', PER_CALL),
  onEmbedded('client-per-call', 'node:http', 'leaky', PER_CALL),
  onEmbedded('fix-cost', 'undici', 'leaky', { connectionsOpened: 50, requests: { sent: 50, ok: 50, failed: 0 } }),
  onEmbedded('fix-cost', 'node:http', 'leaky', { connectionsOpened: 50, requests: { sent: 50, ok: 50, failed: 0 } }),
  onEmbedded('server-hint-overrides', null, 'leaky', { findings: [{ code: 'IDLE_PAST_DEADLINE', count: 10, summary: HINT_WINS }] }),
]

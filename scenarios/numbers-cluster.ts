/** What runs against the three-layer cluster must have counted. */
import { expect } from 'vitest'
import type { NumberClaim } from './numbers.ts'

const onCluster = (scenario: string, variant: 'leaky' | 'fixed', numbers: object): NumberClaim => ({
  scenario,
  case: null,
  variant,
  backend: 'cluster',
  numbers,
})

const containing = (...lines: readonly string[]) => expect.arrayContaining(lines.map((line) => expect.stringContaining(line)))

const UNREAD = { code: 'UNREAD_BODY', count: 512 }

export const CLAIMS: readonly NumberClaim[] = [
  onCluster('peer-transport-refusal', 'leaky', {
    requests: { sent: 512, ok: 512, failed: 0 },
    connectionsOpened: 512,
    findings: [UNREAD],
    workError: expect.stringContaining('512 of 512 in use, and this transport refuses instead of queueing'),
    measured: ['513 requests at once: 1 refused, 0 queued'],
  }),
  onCluster('peer-transport-refusal', 'fixed', {
    requests: { sent: 513, ok: 513, failed: 0 },
    connectionsOpened: 512,
    measured: ['513 requests at once: 0 refused, 1 queued'],
  }),
  onCluster('aistore-recommended-burst', 'leaky', { measured: containing('2000 idle, 4000 goroutines') }),
  onCluster('aistore-recommended-burst', 'leaky', { measured: containing('high-number-of-goroutines, number-of-goroutines, ok') }),
  onCluster('aistore-recommended-burst', 'leaky', { measured: containing('zero idle connections within 20 s') }),
  onCluster('aistore-recommended-burst', 'fixed', { measured: containing('256 idle, 512 goroutines') }),
  onCluster('aistore-recommended-burst', 'fixed', { measured: containing('zero idle connections within 6 s') }),
  onCluster('live-reconfiguration', 'fixed', { measured: containing('50000 requests, 50000 answers') }),
  onCluster('alert-thresholds', 'fixed', {
    measured: containing(
      '511 goroutines, 1 CPU: ok,',
      '512 goroutines, 1 CPU: number-of-goroutines,',
      '1023 goroutines, 1 CPU: number-of-goroutines,',
      '1024 goroutines, 1 CPU: high-number-of-goroutines,',
    ),
  }),
  onCluster('aistore-limits-validation', 'leaky', {
    measured: containing(
      'invalid idle_conn_time 31s (expecting a positive value below max = 30s, or 0 for system default 6s); applied on no node',
      'invalid idle_conns 4097 (expecting range [0 - 4096]); applied on no node',
      'invalid idle_conns_per_host: 129 (expecting range [0 - 128]); applied on no node',
      'invalid idle_conns_per_host: 5 (expecting range [0 - 0]); applied on no node',
    ),
  }),
]

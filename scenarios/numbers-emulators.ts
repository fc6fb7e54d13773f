/** What runs on the emulators of clouds, and behind toxics, must have counted. */
import type { NumberClaim } from './numbers.ts'

const unread = (count: number): object => ({ code: 'UNREAD_BODY', count })

const LINES = { 'aws-sdk': 'getByAws', undici: 'getByUndici' } as const
const KINDS = ['embedded', 'toxiproxy'] as const

/** Three comparisons whose error path leaves the originals open, and what else it leaves. */
const onErrorPath = (scenario: string, others: readonly object[]): readonly NumberClaim[] =>
  Object.entries(LINES).flatMap(([name, line]) => {
    const openedAt = { file: 'scenarios/toxic.ts', function: line }
    const findings = [{ ...unread(3), openedAt }, ...others.map((other) => ({ ...other, openedAt }))]
    return KINDS.map((backend) => ({ scenario, case: name, backend, variant: 'leaky' as const, numbers: { findings } }))
  })
const OUTLIVING = { code: 'REQUEST_OUTLIVES_CALLER', count: 3 }

export const CLAIMS: readonly NumberClaim[] = [
  {
    scenario: 'azure-unbounded',
    case: null,
    backend: 'azurite',
    variant: 'leaky',
    numbers: { connectionsOpened: 60, requests: { sent: 60, ok: 60, failed: 0 }, findings: [unread(60)] },
  },
  {
    scenario: 'azure-capped',
    case: null,
    backend: 'azurite',
    variant: 'leaky',
    numbers: { connectionsOpened: 25, requests: { sent: 26, ok: 25, failed: 0 } },
  },
  {
    scenario: 'azure-keepalive-off-ignored',
    case: null,
    backend: 'azurite',
    variant: 'leaky',
    numbers: { connectionsOpened: 1, requests: { sent: 5, ok: 5, failed: 0 }, findings: [{ code: 'LIMIT_UNENFORCED' }] },
  },
  { scenario: 'azure-keepalive-off-ignored', case: null, backend: 'azurite', variant: 'fixed', numbers: { connectionsOpened: 5 } },
  {
    scenario: 'gcs-unbounded',
    case: null,
    backend: 'fake-gcs',
    variant: 'leaky',
    numbers: { connectionsOpened: 30, requests: { sent: 30, ok: 30, failed: 0 }, findings: [unread(30)] },
  },
  ...['toxic-reset', 'toxic-cut', 'toxic-down'].flatMap((name) => onErrorPath(name, [])),
  // The copies came when nobody waited for them any more.
  ...onErrorPath('toxic-latency', [unread(3)]),
  ...['toxic-blackhole', 'toxic-slow-close'].flatMap((name) => onErrorPath(name, [OUTLIVING])),
]

/** What runs on the emulators of clouds, and behind toxics, must have counted. */
import type { NumberClaim } from './numbers.ts'

const unread = (count: number): object => ({ code: 'UNREAD_BODY', count })

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
]

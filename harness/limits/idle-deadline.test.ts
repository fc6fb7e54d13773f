import { expect, it } from 'vitest'
import { deriveDeadlineMs, type IdleCell, idleDeadlineMs } from './idle-deadline.ts'

const SERVERS = {
  '5 s': { serverKeepAliveMs: 5_000, hintSeconds: 5 },
  '30 s, hint 30': { serverKeepAliveMs: 30_000, hintSeconds: 30 },
  '30 s, no hint': { serverKeepAliveMs: 30_000, hintSeconds: null },
  'never, hint 120': { serverKeepAliveMs: null, hintSeconds: 120 },
  '2 s': { serverKeepAliveMs: 2_000, hintSeconds: 2 },
} as const satisfies Record<string, Omit<IdleCell, 'client'>>

const CLIENTS = {
  undici: { client: 'undici' },
  'undici, both knobs 2 s': { client: 'undici', clientIdleMs: 2_000, clientMaxIdleMs: 2_000 },
  fetch: { client: 'fetch' },
  globalAgent: { client: 'http.globalAgent' },
  'Agent, keepAlive only': { client: 'http.Agent' },
  'Agent + timeout 2 s': { client: 'http.Agent', clientIdleMs: 2_000 },
  'AWS SDK': { client: 'aws-sdk' },
} as const satisfies Record<string, Pick<IdleCell, 'client' | 'clientIdleMs' | 'clientMaxIdleMs'>>

const NEVER = Number.POSITIVE_INFINITY
/** Seconds by which ten idle connections are gone, the tolerance of one included. What facts.md has measured stands behind it. */
const TABLE: Readonly<Record<keyof typeof CLIENTS, readonly number[]>> = {
  undici: [4, 29, 5, 119, 1], // 3.3, >14, 4.2
  'undici, both knobs 2 s': [3, 3, 3, 3, 1], // 2.4, 2.4, 2.2
  fetch: [4, 29, 5, 119, 1],
  globalAgent: [5, 6, 6, 6, 2], // 4.1, 5.0, 5.1
  'Agent, keepAlive only': [7, 32, 32, NEVER, 4], // 6.1, >14, >14
  'Agent + timeout 2 s': [3, 3, 3, 3, 2], // 2.1, 2.1, 2.1
  'AWS SDK': [7, 32, 32, NEVER, 4],
}

const cells = Object.entries(CLIENTS).flatMap(([client, settings]) =>
  Object.entries(SERVERS).map(([server, given], at) => {
    const seconds = TABLE[client as keyof typeof CLIENTS][at]
    return { client, server, seconds, cell: { ...settings, ...given } }
  }),
)

it.each(cells)('idle connections of $client to a server with $server are gone by $seconds s', ({ cell, seconds }) => {
  expect(idleDeadlineMs(cell) / 1_000).toBe(seconds)
})

it('the table has 35 cells, and every measured time of facts.md lies within its tolerance', () => {
  expect(cells).toHaveLength(35)
  const measured: readonly [keyof typeof CLIENTS, number, number][] = [
    ['undici', 0, 3.3],
    ['undici', 2, 4.2],
    ['undici, both knobs 2 s', 0, 2.4],
    ['undici, both knobs 2 s', 1, 2.4],
    ['undici, both knobs 2 s', 2, 2.2],
    ['globalAgent', 0, 4.1],
    ['globalAgent', 1, 5],
    ['globalAgent', 2, 5.1],
    ['Agent, keepAlive only', 0, 6.1],
    ['Agent + timeout 2 s', 0, 2.1],
  ]
  for (const [client, at, seconds] of measured) {
    const latest = TABLE[client][at] ?? 0
    expect(seconds, `${client} ${at}`).toBeGreaterThan(latest - 1 - 0.05)
    expect(seconds, `${client} ${at}`).toBeLessThanOrEqual(latest)
  }
})

it('without a word from either side the deadline is the default of 6 s, and no wait exceeds 30 s', () => {
  expect(deriveDeadlineMs([])).toBe(6_000)
  expect(deriveDeadlineMs([{ clientMs: 90_000, serverHintMs: null }])).toBe(30_000)
  expect(deriveDeadlineMs([{ clientMs: NEVER, serverHintMs: 5_000 }])).toBe(6_000)
})

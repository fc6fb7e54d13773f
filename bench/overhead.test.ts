import { describe, expect, it } from 'vitest'
import { measureOverhead, overheadRow } from './overhead.ts'

describe('the overhead of the ledger', () => {
  it('is the smallest by the smallest, and the median of turns taken together', () => {
    const row = overheadRow('fetch', 'full', 10, [30, 26, 22], [20, 10, 20])
    expect(row).toEqual({
      client: 'fetch',
      level: 'full',
      atOnce: 10,
      cpuUs: { min: 22, median: 26 },
      ratio: { min: 2.2, median: 1.5 },
      turns: 3,
    })
  })

  it('is measured for each client and level asked for, against the same client without a ledger', async () => {
    const clients = ['undici.request', 'fetch', 'node:http', 'aws-sdk'] as const
    const rows = await measureOverhead({ clients, levels: ['none', 'full'], paces: [1], generations: 1, rounds: 2, requests: 50 })
    expect(rows.map(({ client, level, turns }) => `${client} ${level} ${turns}`)).toEqual(
      clients.flatMap((client) => [`${client} none 2`, `${client} full 2`]),
    )
    for (const { level, cpuUs, ratio } of rows) {
      expect(cpuUs.min).toBeGreaterThan(0)
      expect(ratio.min).toBeGreaterThan(0)
      if (level === 'none') expect(ratio).toEqual({ min: 1, median: 1 })
    }
  })
})

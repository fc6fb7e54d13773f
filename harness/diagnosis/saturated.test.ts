import { expect, test } from 'vitest'
import type { QueuePeak } from '../model/ledger-page.ts'
import { diagnose } from './diagnose.ts'
import { line, materialOf, ORIGIN, pageOf, pool, request } from './made-up.ts'

const queue = (some: Partial<QueuePeak> = {}): QueuePeak => ({
  client: 'node:http',
  origin: ORIGIN,
  limit: 5,
  maxQueued: 35,
  forMs: 400,
  isDrained: true,
  openedAt: line(12),
  ...some,
})
const judged = (some: Partial<QueuePeak>) => {
  const { verdict, findings } = diagnose(materialOf({ page: pageOf({ queues: [queue(some)] }) }))
  return [verdict, ...findings.map(({ code }) => code)]
}

test('a queue as long as the pool is wide is a note with its length, its time and its line', () => {
  const { verdict, findings } = diagnose(materialOf({ page: pageOf({ queues: [queue()] }) }))
  expect(verdict).toBe('clean')
  expect(findings).toMatchObject([
    {
      code: 'POOL_SATURATED',
      severity: 'note',
      count: 35,
      origin: ORIGIN,
      openedAt: { file: 'job.ts', line: 12 },
      evidence: [{ value: 35 }, { value: 5 }, { value: 400 }],
    },
  ])
})

test('a short queue, a short wait, a pool without a limit and a queue that still stands are no notes', () => {
  for (const some of [{ maxQueued: 4 }, { forMs: 99 }, { limit: null }, { limit: Number.POSITIVE_INFINITY }, { isDrained: false }])
    expect(judged(some)).toEqual(['clean'])
})

test('where unread bodies hold the leases it is starvation and not saturation', () => {
  const requests = [request(1, { poolId: 1 }), request(2, { poolId: 1, phase: 'queued', reader: null })]
  const page = pageOf({ requests, pools: [pool(1, { leased: 1, queued: 1, limit: 1 })], queues: [queue()] })
  expect(diagnose(materialOf({ page })).findings.map(({ code }) => code)).toEqual(['UNREAD_BODY', 'POOL_STARVED'])
})

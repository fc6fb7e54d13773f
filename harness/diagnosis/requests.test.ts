import { describe, expect, it } from 'vitest'
import type { OpenRequest, RescuedBody } from '../model/ledger-page.ts'
import { diagnose } from './diagnose.ts'
import { censusOf, line, materialOf, ORIGIN, optionsOf, pageOf, pool, request, sighting, socket } from './made-up.ts'
import type { Material } from './material.ts'
import { isUnread } from './requests.ts'

const told = (material: Partial<Material>): readonly string[] =>
  diagnose(materialOf(material)).findings.map(({ code, count, openedAt }) => `${code} x${count} at ${openedAt?.line ?? '?'}`)

describe('isUnread', () => {
  const active = { reader: 'active', socketBytesRead: 10 } as const
  it.each<[string, Partial<OpenRequest>, Partial<OpenRequest> | null, boolean]>([
    ['nobody ever read', {}, null, true],
    ['no headers yet', { phase: 'sent' }, null, false],
    ['somebody reads and bytes still come', { ...active, socketBytesRead: 20 }, active, false],
    ['somebody reads, none come and none wait', active, active, false],
    ['somebody listens, but bytes wait and nothing moves', { ...active, bufferedBytes: 5 }, { ...active, bufferedBytes: 5 }, true],
    ['somebody began and let it lie', { reader: 'stopped' }, { reader: 'stopped' }, true],
    ['nobody can see the reader, all has arrived', { reader: null, receivedBytes: 1_000 }, { reader: null, receivedBytes: 1_000 }, true],
    ['nobody can see the reader, half has arrived', { reader: null, receivedBytes: 500 }, { reader: null, receivedBytes: 500 }, false],
  ])('%s', (_, now, before, expected) => {
    const earlier = before === null ? null : pageOf({ requests: [request(1, before)] })
    expect(isUnread(request(1, now), null, earlier)).toBe(expected)
  })

  it('counts what waits in the kernel', () => {
    const waiting = { kernel: sighting(1, { receiveQueueBytes: 70_000 }), ledger: null }
    expect(isUnread(request(1, { reader: 'active' }), waiting, null)).toBe(true)
  })
})

describe('request findings', () => {
  it('group by line, origin and method, and share what the paths have in common', () => {
    const requests = [request(1), request(2), request(3, { openedAt: line(50) }), request(4, { method: 'HEAD' })]
    const { findings } = diagnose(materialOf({ page: pageOf({ requests }) }))
    expect(findings.map(({ count, request: shape, openedAt }) => [count, shape?.method, shape?.path, openedAt?.line])).toEqual([
      [2, 'GET', '/photos/*', 41],
      [1, 'GET', '/photos/3', 50],
      [1, 'HEAD', '/photos/4', 41],
    ])
  })

  it('claim the connection of their request: one finding per resource', () => {
    const page = pageOf({ requests: [request(1, { socketId: 1 })], sockets: [socket(1, { isIdle: false })] })
    expect(told({ recount: censusOf(sighting(1)), page })).toEqual(['UNREAD_BODY x1 at 41'])
  })

  it('ignore requests from before the work', () => {
    expect(told({ page: pageOf({ requests: [request(1, { iteration: -1 })] }) })).toEqual([])
  })

  it('are of the one line known when the others were not sampled', () => {
    const requests = [request(1), request(2, { openedAt: null }), request(3, { openedAt: null })]
    expect(told({ options: optionsOf({ level: 'sampled' }), page: pageOf({ requests }) })).toEqual(['UNREAD_BODY x3 at 41'])
    expect(told({ page: pageOf({ requests }) })).toEqual(['UNREAD_BODY x1 at 41', 'UNREAD_BODY x2 at ?'])
  })

  it('do not take a line for granted when several were sampled', () => {
    const requests = [request(1), request(2, { openedAt: line(50) }), request(3, { openedAt: null })]
    expect(told({ options: optionsOf({ level: 'sampled' }), page: pageOf({ requests }) })).toHaveLength(3)
  })

  it('name bodies that garbage collection cancelled, though nothing is left, and tell luck from loss', () => {
    const dropped: RescuedBody = {
      origin: ORIGIN,
      method: 'GET',
      path: '/photos/1',
      count: 5,
      fate: 'dropped',
      bodyBytes: 5_000,
      openedAt: line(41),
      lastTouchedAt: null,
    }
    expect(diagnose(materialOf({ page: pageOf({ rescued: [dropped] }) })).verdict).toBe('leaked')
    const rescued: readonly RescuedBody[] = [dropped, { ...dropped, count: 2, fate: 'held' }, { ...dropped, count: 1, fate: 'read' }]
    expect(told({ page: pageOf({ rescued }) })).toEqual([
      'BODY_RESCUED_BY_GC x5 at 41',
      'TRUNCATED_BY_GC x2 at 41',
      'TRUNCATED_BY_GC x1 at 41',
    ])
  })
})

describe('a pool that starves', () => {
  const held = [1, 2].map((id) => request(id, { poolId: 1 }))
  const queued = (some: Partial<OpenRequest> = {}): OpenRequest => request(3, { phase: 'queued', reader: null, poolId: 1, ...some })
  const full = pool(1, { leased: 2, queued: 1, limit: 2 })
  const blockedAt = (requests: readonly OpenRequest[]): number | null =>
    diagnose(materialOf({ page: pageOf({ requests, pools: [full] }) })).blockedAtRequest

  it('blocks at the ordinal of its first queued request', () => {
    expect(blockedAt([...held, queued(), queued({ ordinalAtSite: 4 })])).toBe(3)
  })

  it('counts a request made elsewhere after all that hold a lease', () => {
    expect(blockedAt([...held, queued({ openedAt: line(60), ordinalAtSite: 1 })])).toBe(3)
  })

  it('is no leak of its own when nobody holds a lease unread: the request outlives its caller', () => {
    expect(told({ page: pageOf({ requests: [queued()], pools: [full] }) })).toEqual(['REQUEST_OUTLIVES_CALLER x1 at 41'])
  })

  it.each([
    [1, 1, ['of 1 lease taken', 'lease held by an unread body']],
    [1, null, ['lease taken, limit unknown', 'lease held by an unread body']],
    [2, 2, ['of 2 leases taken', 'leases held by unread bodies']],
  ])('with %i of %s leases taken counts them in words that fit', (leased, limit, said) => {
    const page = pageOf({ requests: [...held.slice(0, leased), queued()], pools: [pool(1, { leased, queued: 1, limit })] })
    const starved = diagnose(materialOf({ page })).findings.find(({ code }) => code === 'POOL_STARVED')
    expect(starved?.evidence.map(({ says }) => says)).toEqual(expect.arrayContaining(said))
  })

  it('may be starved by another origin, where the total is what is limited', () => {
    const other = 'http://127.0.0.1:9001'
    const pools = [pool(1, { leased: 1, limit: 1 }), pool(2, { origin: other, queued: 1, limit: 1 })]
    const requests = [request(1, { poolId: 1 }), queued({ poolId: 2, origin: other })]
    expect(told({ page: pageOf({ requests, pools }) })).toEqual(['UNREAD_BODY x1 at 41', 'POOL_STARVED x1 at 41'])
  })

  it('is not starved by another pool that merely goes to the same origin', () => {
    const pools = [pool(1, { leased: 1 }), pool(2, { leased: 2, queued: 1, limit: 2 })]
    const requests = [request(1, { poolId: 1 }), queued({ poolId: 2 })]
    expect(told({ page: pageOf({ requests, pools }) })).toEqual(['UNREAD_BODY x1 at 41', 'REQUEST_OUTLIVES_CALLER x1 at 41'])
  })
})

it.each([
  [
    'whose line is not known, by the package that made it',
    null,
    ['asked for inside the package got, when no line of yours was on the stack any more'],
  ],
  ['by its line, where it is known', line(41), []],
])('a request is told %s', (_, openedAt, expected) => {
  const [finding] = diagnose(materialOf({ page: pageOf({ requests: [request(1, { openedAt, openedBy: 'got' })] }) })).findings
  expect(finding?.code).toBe('UNREAD_BODY')
  expect(finding?.evidence.map(({ says }) => says).filter((says) => says.includes('package'))).toEqual(expected)
})

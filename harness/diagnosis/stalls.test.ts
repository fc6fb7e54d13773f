import { expect, test } from 'vitest'
import { isUpstream } from './left-behind.ts'
import { censusOf, materialOf, pageOf, request, sighting, socket } from './made-up.ts'
import { residueOf } from './residue.ts'
import { isStalledPhase, stalledOpenings } from './stalls.ts'

const hung = { because: 'timeout', afterMs: 5_000 } as const
const sent = (some: Parameters<typeof request>[1] = {}) =>
  request(1, { phase: 'sent', headersAtMs: null, status: null, reader: null, ...some })

/** Two looks at one request, half a second apart. */
const looks = (before: ReturnType<typeof request>, now: ReturnType<typeof request>) =>
  materialOf({ hung, earlierPage: pageOf({ atMs: 4_500, requests: [before] }), page: pageOf({ atMs: 5_000, requests: [now] }) })

test.each([
  ['nothing moves and nothing bounds it', sent(), sent(), true],
  ['bytes of the answer came in between', sent(), sent({ socketBytesRead: 101 }), false],
  ['bytes of its own body went out in between', sent(), sent({ socketBytesWritten: 101 }), false],
  ['a timeout stands before it', sent(), sent({ bound: { name: 'headersTimeout', ms: 300_000 } }), false],
  ['a timeout should have ended it seconds ago', sent(), sent({ bound: { name: 'timeout', ms: 200 } }), true],
  ['it is younger than a second', sent({ createdAtMs: 4_400 }), sent({ createdAtMs: 4_400 }), false],
])('a request without an answer, while the work waits: %s', (_, before, now, isStalled) => {
  expect(isStalledPhase(now, looks(before, now))).toBe(isStalled)
})

test('work that has ended waits for nothing: what it left in flight is no stall', () => {
  expect(isStalledPhase(sent(), { ...looks(sent(), sent()), hung: null })).toBe(false)
})

const opening = (atMs: number, earlier: 'connect' | 'tls' | null) => {
  const tls = socket(1, { isIdle: false, opening: 'tls', openedAtMs: 100 })
  const page = pageOf({
    atMs,
    sockets: [tls],
    requests: [request(1, { client: 'undici', phase: 'queued', origin: 'https://127.0.0.1:9000' })],
  })
  const earlierPage = pageOf({ atMs: atMs - 500, sockets: [{ ...tls, opening: earlier }] })
  const material = materialOf({ page: { ...page, sockets: [{ ...tls, poolId: null }] }, earlierPage, recount: censusOf(sighting(1)) })
  return stalledOpenings(material, residueOf(material.baseline, material.recount, material.page, material.options))
}

test('a handshake that stands still for a second is a stall, and what waits for it is told with it', () => {
  const { findings, waiting } = opening(5_000, 'tls')
  expect(findings).toMatchObject([{ code: 'TLS_STALLED', count: 1, origin: 'https://127.0.0.1:9000' }])
  expect(waiting.size).toBe(1)
  expect(opening(900, 'tls').findings).toEqual([])
  expect(opening(5_000, 'connect').findings).toEqual([])
})

test('while the work goes on, an upstream whose client has just gone may be about to be torn down', () => {
  const orphan = request(1, { servedFor: { method: 'GET', path: '/photos/1', leftAtMs: 4_800 } })
  const page = pageOf({ atMs: 5_000, requests: [orphan] })
  expect(isUpstream(orphan, materialOf({ page, hung }))).toBe(false)
  expect(isUpstream(orphan, materialOf({ page }))).toBe(true)
  expect(isUpstream(request(2, { servedFor: { method: 'GET', path: '/photos/1', leftAtMs: null } }), materialOf({ page }))).toBe(false)
})

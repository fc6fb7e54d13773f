import { expect, it } from 'vitest'
import type { LedgerSocket } from '../model/ledger-page.ts'
import { diagnose } from './diagnose.ts'
import { censusOf, handle, line, materialOf, optionsOf, pageOf, pool, sighting, socket } from './made-up.ts'
import type { Material } from './material.ts'

const findings = (material: Partial<Material>) => diagnose(materialOf(material)).findings
const codes = (material: Partial<Material>): readonly string[] =>
  findings(material).map(({ code, count, openedAt }) => `${code} x${count} at ${openedAt?.line ?? '?'}`)

it.each<[string, Partial<LedgerSocket>, number | null, RegExp]>([
  ['none is set', {}, null, /the client has no idle timeout/],
  [
    'the hint overrides',
    { owner: 'undici', idleTimeoutMs: 598_000, serverHintMs: 600_000 },
    500,
    /hint of 600000 ms overrides the client's .* of 500 ms/,
  ],
  ['it is longer than the contract', { owner: 'undici', idleTimeoutMs: 60_000 }, 60_000, /its idle timeout of 60000 ms is longer/],
])('IDLE_PAST_DEADLINE says why: %s', (_, some, idleTimeoutMs, reason) => {
  const page = pageOf({ sockets: [socket(1, some)], pools: [pool(1, { idleTimeoutMs })] })
  const [finding] = findings({ recount: censusOf(sighting(1)), page })
  expect(finding).toMatchObject({ code: 'IDLE_PAST_DEADLINE', count: 1, openedAt: { line: 41, file: 'job.ts' } })
  expect(finding?.summary).toMatch(reason)
})

it('IDLE_PAST_DEADLINE says when the server closes, where the other side knows', () => {
  const unknown = { connections: 1, connectionsAccepted: 1, inFlight: 0, requests: 1, descriptors: null, goroutines: null }
  const peers = [
    { source: "MinIO's metrics", ...unknown },
    { source: "MinIO's /proc", ...unknown, idleTimeoutMs: 30_000 },
  ]
  const [finding] = findings({ recount: censusOf(sighting(1)), page: pageOf({ sockets: [socket(1)] }), peers })
  expect(finding?.summary).toContain('the client has no idle timeout, the server closes at 30000 ms')
  expect(finding?.evidence).toContainEqual({ ledger: 'peer', says: 'the server closes an idle connection after, ms', value: 30_000 })
})

it('under trust a pool without an idle timeout is a note where it is older than the work, and a leak where the work made it', () => {
  const recount = censusOf(sighting(1))
  const options = optionsOf({ idleConnections: 'trust' })
  const judged = (isOlderThanBaseline: boolean) =>
    diagnose(materialOf({ recount, options, page: pageOf({ sockets: [socket(1)], pools: [pool(1, { isOlderThanBaseline })] }) }))
  expect(judged(true)).toMatchObject({
    verdict: 'clean',
    findings: [{ code: 'IDLE_PAST_DEADLINE', severity: 'note', openedAt: { line: 41 } }],
  })
  expect(judged(false)).toMatchObject({ verdict: 'leaked', findings: [{ code: 'IDLE_PAST_DEADLINE', severity: 'leak' }] })
})

it('three pools from one line are a client per call, two are not', () => {
  const idle = [1, 2, 3].map((id) => socket(id, { poolId: id }))
  const recount = censusOf(...idle.map(({ id }) => sighting(id)))
  expect(codes({ recount, page: pageOf({ sockets: idle }) })).toEqual(['CLIENT_PER_CALL x3 at 41'])
  const two = idle.map((each) => ({ ...each, poolId: Math.min(2, each.id) }))
  expect(codes({ recount, page: pageOf({ sockets: two }) })).toEqual(['IDLE_PAST_DEADLINE x3 at 41'])
})

it('CLOSE_WAIT is the peer having closed, also for an idle connection', () => {
  const recount = censusOf(sighting(1, { state: 'CLOSE_WAIT' }))
  expect(codes({ recount, page: pageOf({ sockets: [socket(1)] }) })).toEqual(['PEER_CLOSED x1 at 41'])
})

it('a connection that the ledger does not know has no line, and the remote for an origin', () => {
  const [finding] = findings({ recount: censusOf(sighting(1, { remote: { address: '::1', port: 25 } })) })
  expect(finding).toMatchObject({ code: 'SOCKET_LEFT_OPEN', openedAt: null, origin: 'tcp://[::1]:25' })
})

it('an accepted connection over a Unix socket is one as well', () => {
  const sockets = [socket(1, { isPipe: true, role: 'inbound', isIdle: false, openedAt: line(5) })]
  const server = handle(1, { type: 'PIPESERVERWRAP', openedAt: line(5) })
  expect(codes({ page: pageOf({ sockets, handles: [server] }) })).toEqual(['HANDLE_LEFT x1 at 5'])
  expect(codes({ page: pageOf({ sockets }) })).toEqual(['SOCKET_LEFT_OPEN x1 at 5'])
})

it('an accepted connection is a symptom of its server, where that is left', () => {
  const local = { address: '127.0.0.1', port: 9_000 }
  const accepted = sighting(1, { role: 'inbound', local, remote: { address: '127.0.0.1', port: 51_000 } })
  const sockets = [socket(1, { role: 'inbound', isIdle: false, localPort: 9_000, remotePort: 51_000, openedAt: line(5) })]
  const handles = [handle(1, { type: 'TCPSERVERWRAP', port: 9_000, openedAt: line(5) })]
  expect(codes({ recount: censusOf(accepted), page: pageOf({ sockets }) })).toEqual(['SOCKET_LEFT_OPEN x1 at 5'])
  expect(codes({ recount: censusOf(accepted), page: pageOf({ sockets, handles }) })).toEqual(['SERVER_LEFT_LISTENING x1 at 5'])
})

it('work that hangs has no idle deadline behind it: neither idle connections nor accepted ones are blamed, those it opened itself are', () => {
  const hung = { because: 'timeout', afterMs: 60_000 } as const
  const page = pageOf({
    sockets: [socket(1), socket(2, { role: 'inbound', owner: 'http.Server', isIdle: false }), socket(3, { isIdle: false, owner: null })],
  })
  expect(codes({ hung, recount: censusOf(sighting(1), sighting(2), sighting(3)), page })).toEqual([
    'SOCKET_LEFT_OPEN x1 at 41',
    'WORK_HUNG x1 at ?',
  ])
})

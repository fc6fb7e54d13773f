import { expect, test } from 'vitest'
import { diagnose } from './diagnose.ts'
import { censusOf, line, materialOf, pageOf, pool, request, sighting, socket } from './made-up.ts'

const stream = (id: number, some: Parameters<typeof request>[1] = {}) =>
  request(id, { client: 'undici', isStream: true, socketId: 1, poolId: 1, receivedBytes: 0, ...some })
const one = { sockets: [socket(1, { owner: 'undici', isIdle: false })], pools: [pool(1, { client: 'undici', leased: 1 })] }
const told = (requests: readonly ReturnType<typeof request>[]) =>
  diagnose(materialOf({ page: pageOf({ requests, ...one }), recount: censusOf(sighting(1)) }))

test('unread streams of one connection are one finding, and say how few connections carry them', () => {
  const { findings } = told([stream(1), stream(2), stream(3)])
  expect(findings).toMatchObject([{ code: 'H2_STREAM_OPEN', count: 3, openedAt: { line: 41 } }])
  expect(findings[0]?.evidence).toContainEqual({ ledger: 'pools', says: 'connections that carry them', value: 1 })
  expect(findings[0]?.evidence).toContainEqual({ ledger: 'kernel', says: 'ESTABLISHED', value: 1 })
})

test('a stream without an answer is one as well, apart from those nobody reads', () => {
  const unanswered = stream(3, { phase: 'sent', status: null, headersAtMs: null, reader: null, openedAt: line(50) })
  expect(told([stream(1), unanswered]).findings.map(({ code, summary }) => `${code}: ${summary}`)).toEqual([
    'H2_STREAM_OPEN: 1 HTTP/2 stream is still open on 1 connection: nobody reads their bodies to the end',
    'H2_STREAM_OPEN: 1 HTTP/2 stream is still open on 1 connection: no headers came yet',
  ])
})

test('who waits for a stream starves behind them', () => {
  const queued = stream(3, { phase: 'queued', status: null, reader: null, socketId: null })
  const { findings, blockedAtRequest } = told([stream(1), stream(2), queued])
  expect(findings.map(({ code }) => code)).toEqual(['H2_STREAM_OPEN', 'POOL_STARVED'])
  expect(findings[1]?.summary).toBe('blocks at request 3: 1 request waits behind 2 open HTTP/2 streams')
  expect(blockedAtRequest).toBe(3)
})

import { describe, expect, it } from 'vitest'
import type { LedgerPage, OpenResponse } from '../model/ledger-page.ts'
import { diagnose } from './diagnose.ts'
import { censusOf, line, materialOf, pageOf, request, sighting, socket } from './made-up.ts'
import type { Material } from './material.ts'

const response = (id: number, some: Partial<OpenResponse> = {}): OpenResponse => ({
  id,
  method: 'GET',
  path: `/albums/${id}`,
  origin: 'http://127.0.0.1:8080',
  status: null,
  startedAtMs: id,
  socketBytesWritten: 0,
  waitsForPeer: false,
  isEventStream: false,
  localPort: 8_080,
  remotePort: 50_000 + id,
  iteration: 0,
  isOwnServer: true,
  openedAt: line(9, '/app/service.ts'),
  lastTouchedAt: null,
  ...some,
})

/** The page, and what was seen a second before. */
const judged = (page: Partial<LedgerPage>, some: Partial<Material> = {}) =>
  diagnose(materialOf({ page: pageOf(page), earlierPage: pageOf(page), ...some })).findings.map(
    ({ code, count, request: route }) => `${code} x${count} ${route?.method ?? ''} ${route?.path ?? ''}`,
  )

/** A request of this process to its own server: its response, its socket, itself. */
const own = (phase: 'sent' | 'headers', reader: 'none' | 'active' | null): Partial<LedgerPage> => ({
  responses: [response(1)],
  sockets: [socket(1, { localPort: 50_001, remotePort: 8_080, isIdle: false, poolId: null })],
  requests: [request(1, { phase, reader, socketId: 1, path: '/albums/1' })],
})

describe('a response that is never ended', () => {
  it('is named by its route, and responses of one route are one finding', () => {
    expect(judged({ responses: [response(1), response(2), response(3, { path: '/photos/3' })] })).toEqual([
      'RESPONSE_NEVER_ENDED x2 GET /albums/*',
      'RESPONSE_NEVER_ENDED x1 GET /photos/3',
    ])
  })

  it('has a route of its own where the first segment is a variable', () => {
    const ids = [1, 2, 3, 4, 5, 6]
    expect(judged({ responses: ids.map((id) => response(id, { path: `/${id}` })) })).toEqual(['RESPONSE_NEVER_ENDED x6 GET /*'])
  })

  it('explains its connection', () => {
    const kernel = sighting(7, {
      local: { address: '127.0.0.1', port: 8_080 },
      remote: { address: '127.0.0.1', port: 50_001 },
      role: 'inbound',
    })
    const [only, ...others] = diagnose(materialOf({ page: pageOf({ responses: [response(1)] }), recount: censusOf(kernel) })).findings
    expect(others).toEqual([])
    expect(only?.evidence).toContainEqual({ ledger: 'kernel', says: 'ESTABLISHED', value: 1 })
  })

  it('explains the request of this process that waits for it', () => {
    expect(judged(own('sent', null))).toEqual(['RESPONSE_NEVER_ENDED x1 GET /albums/1'])
  })

  it('leaves the request its own finding where the server stood before the work', () => {
    const page = own('sent', null)
    expect(judged({ ...page, responses: [response(1, { isOwnServer: false })] })).toEqual([
      'RESPONSE_NEVER_ENDED x1 GET /albums/1',
      'REQUEST_OUTLIVES_CALLER x1 GET /albums/1',
    ])
  })

  it('is the cause that work which awaits it hangs', () => {
    const hung = { because: 'timeout', afterMs: 1_500 } as const
    expect(judged(own('sent', null), { hung })).toEqual(['RESPONSE_NEVER_ENDED x1 GET /albums/1', 'WORK_HUNG x1 GET /albums/1'])
  })
})

describe('no handler is blamed', () => {
  it('whose response goes on', () => {
    const earlierPage = pageOf({ responses: [response(1, { socketBytesWritten: 10 })] })
    expect(judged({ responses: [response(1, { socketBytesWritten: 20 })] }, { earlierPage })).toEqual([])
  })

  it('whose response was begun a moment ago', () => {
    expect(judged({ responses: [response(1)] }, { earlierPage: pageOf() })).toEqual([])
  })

  it('when it is the turn of its peer, when it sends events, or when it was called before the work', () => {
    const responses = [response(1, { waitsForPeer: true }), response(2, { isEventStream: true }), response(3, { iteration: -1 })]
    expect(judged({ responses })).toEqual([])
  })

  it('when its caller does not read what comes', () => {
    expect(judged(own('headers', 'none'))).toEqual(['UNREAD_BODY x1 GET /albums/1'])
  })

  it('while a request of the same process waits for somebody else', () => {
    expect(judged({ responses: [response(1)], requests: [request(8, { phase: 'sent', reader: null, path: '/upstream' })] })).toEqual([
      'REQUEST_OUTLIVES_CALLER x1 GET /upstream',
    ])
  })
})

import { describe, expect, it } from 'vitest'
import type { PeerCount } from '../model/backend.ts'
import type { IdleReset, LedgerSocket } from '../model/ledger-page.ts'
import { diagnose } from './diagnose.ts'
import { line, materialOf, ORIGIN, optionsOf, pageOf, request, socket } from './made-up.ts'
import type { Material } from './material.ts'

const findingsOf = (material: Partial<Material>) => diagnose(materialOf({ returnedToBaselineMs: 1, ...material })).findings
const told = (material: Partial<Material>) =>
  findingsOf(material).map(({ code, count, openedAt }) => `${code} x${count} at ${openedAt?.line ?? '?'}`)

const reset = (some: Partial<IdleReset> = {}): IdleReset => ({
  client: 'node:http',
  origin: ORIGIN,
  method: 'POST',
  path: '/orders',
  says: 'ECONNRESET',
  idleForMs: 5_010,
  serverHintMs: 5_000,
  openedAt: line(41),
  ...some,
})
const peer = (idleTimeoutMs?: number): PeerCount => ({
  source: 'embedded backend',
  connections: 0,
  connectionsAccepted: 0,
  inFlight: 0,
  requests: 0,
  descriptors: null,
  goroutines: null,
  ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
})
const idle = (count: number, some: Partial<LedgerSocket> = {}): readonly LedgerSocket[] =>
  Array.from({ length: count }, (_, id) => socket(id + 1, { idleTimeoutMs: 4_000, ...some }))

describe('an idle race', () => {
  it('is a reset of a connection that had idled as long as the server allows, once for each line', () => {
    const page = pageOf({ resets: [reset(), reset({ says: 'EPIPE' }), reset({ openedAt: line(50) })] })
    expect(told({ page })).toEqual(['IDLE_RACE x2 at 41', 'IDLE_RACE x1 at 50'])
    const [first] = findingsOf({ page })
    expect(first).toMatchObject({ severity: 'misconfiguration', request: { method: 'POST', path: '/orders', status: null } })
    expect(first?.advice).toContain('timeout: 3333')
    expect(diagnose(materialOf({ page })).verdict).toBe('misconfigured')
  })

  it.each<[string, Partial<IdleReset>, readonly PeerCount[], boolean]>([
    ['half a second before the end: timers are late', { idleForMs: 4_500 }, [], true],
    ['long before the end', { idleForMs: 4_499 }, [], false],
    ['nobody knows the time of the server', { serverHintMs: null }, [], false],
    ['nobody knows the time of the server, asked as it was', { serverHintMs: null }, [peer()], false],
    ['the server says it itself', { serverHintMs: null, idleForMs: 2_000 }, [peer(2_000)], true],
    ['the server closes before its own hint', { serverHintMs: 120_000, idleForMs: 5_100 }, [peer(5_000)], true],
  ])('%s', (_, some, peers, isRace) => {
    expect(told({ page: pageOf({ resets: [reset(some)] }), peers })).toEqual(isRace ? ['IDLE_RACE x1 at 41'] : [])
  })

  it('that has not happened yet is said only where limits are judged', () => {
    const workPage = pageOf({ sockets: idle(3, { idleTimeoutMs: 30_000 }) })
    expect(told({ workPage, peers: [peer(30_000)] })).toEqual([])
    const options = optionsOf({ judgeLimits: true })
    expect(told({ workPage, peers: [peer(30_000)], options })).toEqual(['IDLE_RACE x3 at 41'])
    expect(told({ workPage, peers: [peer(30_001)], options })).toEqual([])
    expect(
      told({ workPage: pageOf({ sockets: idle(3, { idleTimeoutMs: Number.POSITIVE_INFINITY, serverHintMs: 5_000 }) }), options }),
    ).toEqual(['IDLE_RACE x3 at 41'])
    expect(told({ workPage, options })).toEqual([])
  })

  it('advises a client in its own words', () => {
    const advice = findingsOf({ page: pageOf({ resets: [reset({ client: 'fetch' })] }) })[0]?.advice
    expect(advice).toContain('keepAliveTimeout: 3333, keepAliveMaxTimeout: 3333')
  })
})

describe('a limit of the profile that was named', () => {
  const limits = (name: string) => optionsOf({ limits: name })

  it('is unenforced when more idle connections were there as the work ended', () => {
    const workPage = pageOf({ sockets: idle(200, { owner: 'undici' }) })
    expect(told({ workPage, options: limits('aistore-intra-recommended') })).toEqual(['LIMIT_UNENFORCED x200 at 41'])
    expect(told({ workPage: pageOf({ sockets: idle(100) }), options: limits('aistore-intra-recommended') })).toEqual([])
    expect(told({ workPage })).toEqual([])
  })

  it('counts each host by itself, and all together', () => {
    const spread = [idle(80), idle(80, { origin: 'http://127.0.0.1:9001' }), idle(80, { origin: 'http://127.0.0.1:9002' })].flat()
    const [finding, ...others] = findingsOf({
      workPage: pageOf({ sockets: spread }),
      options: optionsOf({ limits: 'aistore-intra-recommended' }),
    })
    expect([finding, ...others]).toEqual([undefined])
    const options = limits('go-article')
    expect(findingsOf({ workPage: pageOf({ sockets: spread }), options }).map(({ count, origin }) => [count, origin])).toEqual([
      [80, ORIGIN],
      [80, 'http://127.0.0.1:9001'],
      [80, 'http://127.0.0.1:9002'],
    ])
    const twenty = [...Array(6).keys()].flatMap((host) => idle(20, { origin: `http://127.0.0.1:${9_000 + host}` }))
    expect(findingsOf({ workPage: pageOf({ sockets: twenty }), options }).map(({ count, origin }) => [count, origin])).toEqual([
      [120, null],
    ])
  })

  it('bounds open connections, too, and never those of a server', () => {
    const options = limits('go-article')
    expect(told({ workPage: pageOf({ sockets: idle(26, { isIdle: false }) }), options })).toEqual(['LIMIT_UNENFORCED x26 at 41'])
    expect(told({ workPage: pageOf({ sockets: idle(26, { role: 'inbound', owner: 'http.Server' }) }), options })).toEqual([])
    expect(told({ workPage: pageOf({ sockets: idle(26, { owner: null }) }), options })).toEqual([])
  })

  it('may be that there is no keep-alive at all', () => {
    const options = limits('keep-alive-off')
    const counts = { sent: 5, ok: 5, failed: 0, connectionsOpened: 1, peakOpen: 1 }
    expect(told({ workPage: pageOf({ counts, sockets: idle(1) }), options })).toEqual(['LIMIT_UNENFORCED x1 at 41'])
    expect(told({ workPage: pageOf({ counts: { ...counts, connectionsOpened: 5 } }), options })).toEqual([])
  })
})

describe('a timeout that is missing', () => {
  const page = pageOf({
    atMs: 1_700,
    requests: [request(1, { phase: 'sent', createdAtMs: 100 }), request(2, { phase: 'queued', createdAtMs: 200 })],
  })
  const hung = { afterMs: 1_500, because: 'timeout' } as const

  it('is a misconfiguration of work that hung, where limits are judged, phase by phase', () => {
    const missing = findingsOf({ page, hung, options: optionsOf({ judgeLimits: true }) }).filter(({ code }) => code === 'TIMEOUT_MISSING')
    expect(missing.map(({ severity, evidence }) => [severity, evidence[0]?.value])).toEqual([
      ['misconfiguration', 1_600],
      ['misconfiguration', 1_500],
    ])
  })

  it('is not asked for elsewhere, nor of work that ended', () => {
    expect(told({ page, hung }).join()).not.toContain('TIMEOUT_MISSING')
    expect(told({ page, options: optionsOf({ judgeLimits: true }) }).join()).not.toContain('TIMEOUT_MISSING')
  })
})

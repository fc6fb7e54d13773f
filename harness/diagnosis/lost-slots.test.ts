import { expect, test } from 'vitest'
import type { LedgerPage } from '../model/ledger-page.ts'
import { diagnose } from './diagnose.ts'
import { censusOf, materialOf, pageOf, pool, request, sighting, socket } from './made-up.ts'
import type { Material } from './material.ts'

const told = (page: Partial<LedgerPage>, some: Partial<Material> = {}) =>
  diagnose(materialOf({ page: pageOf(page), ...some })).findings.map(({ code, count }) => `${code} x${count}`)

const two = [pool(1, { limit: 2, leased: 2 })]
const held = [1, 2].map((id) => socket(id, { isIdle: false, isLeased: true }))
const recount = censusOf(sighting(1), sighting(2))
const inVain = [1, 2].map((id) => request(id, { reader: 'stopped', isLetGo: true, socketId: id, poolId: 1 }))

test('bodies that were destroyed in vain are lost slots, not unread bodies, and what queues behind them starves', () => {
  const queued = request(3, { phase: 'queued', status: null, reader: null, poolId: 1 })
  const diagnosis = diagnose(materialOf({ page: pageOf({ requests: [...inVain, queued], sockets: held, pools: two }), recount }))
  expect(diagnosis.findings.map(({ code, count }) => `${code} x${count}`)).toEqual(['LOST_POOL_SLOT x2', 'POOL_STARVED x1'])
  expect(diagnosis.findings[1]?.summary).toBe('blocks at request 3: 1 request waits behind 2 lost leases')
  expect(diagnosis.blockedAtRequest).toBe(3)
})

test('a body somebody reads again after its first wrapper was destroyed is not lost', () => {
  const requests = [request(1, { reader: 'active', isLetGo: true, socketId: 1, bufferedBytes: 0 })]
  expect(told({ requests, sockets: held }, { recount: censusOf(sighting(1)) })).toEqual(['REQUEST_OUTLIVES_CALLER x1'])
})

test('a connection that its pool counts and the kernel does not have is a lost slot, older ones are not ours', () => {
  const sockets = [socket(1, { isHollow: true }), socket(2, { isHollow: true, iteration: -1 })]
  expect(told({ sockets })).toEqual(['LOST_POOL_SLOT x1'])
})

test('a connection in use without a request is lost; with one, also of somebody else, it is not', () => {
  expect(told({ sockets: held }, { recount })).toEqual(['LOST_POOL_SLOT x2'])
  const older = [1, 2].map((id) => request(id, { iteration: -1, socketId: id }))
  expect(told({ sockets: held, requests: older }, { recount })).toEqual(['SOCKET_LEFT_OPEN x2'])
})

test('a request waiting in an undici pool of which nothing is in use waits for a lost slot; something in flight may make room', () => {
  const waiting = request(1, { client: 'undici', phase: 'queued', status: null, reader: null, origin: null, waitsInPool: true })
  expect(told({ requests: [waiting] })).toEqual(['LOST_POOL_SLOT x1', 'POOL_STARVED x1'])
  const inFlight = request(2, { client: 'undici', phase: 'sent', iteration: -1 })
  expect(told({ requests: [waiting, inFlight] })).toEqual(['REQUEST_OUTLIVES_CALLER x1'])
})

test('what the pool said when it was asked again is evidence', () => {
  const recoveries = [{ poolId: 1, wanted: 3, served: 0, patienceMs: 1_000 }]
  const { findings } = diagnose(materialOf({ page: pageOf({ requests: inVain, sockets: held, pools: two }), recount, recoveries }))
  expect(findings[0]?.evidence.at(-1)).toEqual({
    ledger: 'pools',
    says: 'recovery probe: 3 connections asked for one after the other, nothing sent: number 1 did not come within 1000 ms',
    value: 0,
  })
})

import { expect, test } from 'vitest'
import type { Goroutines, MemberLook, OutsideLook, OwnerlessSighting } from '../../model/outside.ts'
import type { SocketSighting } from '../../model/sighting.ts'
import { EMPTY_BOOK, enter, type OutsideBook } from './book.ts'
import { judgeOutside, type OutsideRules } from './judge.ts'

const RULES: OutsideRules = {
  deadlineMs: 6_000,
  isContract: false,
  shownIdleMs: null,
  allow: [],
  budget: {},
  doubts: [],
}

const SERVER = { address: '127.0.0.1', port: 9000 }

/** Open to port 9000, answered at moment 0 and quiet since, with so many bytes unread. */
function socket(port: number, atMs: number, given: Partial<SocketSighting> = {}): SocketSighting {
  return {
    inode: String(port),
    state: 'ESTABLISHED',
    local: { address: '127.0.0.1', port },
    remote: SERVER,
    receiveQueueBytes: 0,
    sendQueueBytes: 0,
    role: 'outbound',
    traffic: { receivedBytes: 1_000, sentBytes: 100, receivedAgoMs: atMs, sentAgoMs: atMs },
    ...given,
  }
}

/** The same connections at their other end. */
const inboundOf = (outbound: SocketSighting, given: Partial<SocketSighting> = {}): SocketSighting => ({
  ...outbound,
  inode: `1${outbound.inode}`,
  local: outbound.remote,
  remote: outbound.local,
  role: 'inbound',
  ...given,
})

const LISTENER: SocketSighting = {
  ...socket(9000, 0),
  state: 'LISTEN',
  local: SERVER,
  remote: { address: '0.0.0.0', port: 0 },
  role: 'listener',
}

function member(name: string, sockets: readonly SocketSighting[], given: Partial<MemberLook> = {}): MemberLook {
  return {
    name,
    pids: [1],
    network: 'net',
    sockets,
    descriptors: sockets.length + 5,
    descriptorsLeft: 100,
    cpuMs: 0,
    isAsleep: false,
    goroutines: null,
    hasEnded: false,
    missing: [],
    ...given,
  }
}

/** Looks every 250 ms from 0 up to `untilMs`. */
function watch(untilMs: number, lookAt: (atMs: number) => Omit<OutsideLook, 'atMs'>): OutsideBook {
  let book = EMPTY_BOOK
  for (let atMs = 0; atMs <= untilMs; atMs += 250) book = enter(book, { atMs, ...lookAt(atMs) })
  return book
}

const PORTS = Array.from({ length: 25 }, (_, index) => 40_000 + index)
const alone =
  (sockets: (atMs: number) => readonly SocketSighting[], given: Partial<MemberLook> = {}) =>
  (atMs: number) => ({
    members: [member('job', sockets(atMs), given)],
    ownerless: [],
  })
const gist = (book: OutsideBook, name = 'job', rules: Partial<OutsideRules> = {}) => {
  const { diagnosis } = judgeOutside(book, name, { ...RULES, ...rules })
  return [diagnosis.verdict, ...diagnosis.findings.map(({ code, count }) => `${code} x${count}`)].join(' ')
}

const unread = (atMs: number) => PORTS.map((port) => socket(port, atMs, { receiveQueueBytes: 100_000 }))

test('data that nobody fetches for two seconds is an unread body, for one second it is not decided', () => {
  expect(gist(watch(2_500, alone(unread)))).toBe('leaked UNREAD_BODY x25')
  expect(gist(watch(1_000, alone(unread)))).toBe('inconclusive')
})

test('data that moves is read, however slowly', () => {
  const slow = (atMs: number) => PORTS.map((port) => socket(port, atMs, { receiveQueueBytes: 100_000 - atMs }))
  expect(gist(watch(10_000, alone(slow)))).toBe('clean')
})

test('25 connections that hold unread data block the 26th, when the program was meant to go on', () => {
  const book = watch(2_500, alone(unread))
  expect(gist(book, 'job', { isMeantToMove: true })).toBe('leaked UNREAD_BODY x25 POOL_STARVED x1 WORK_HUNG x1')
  expect(judgeOutside(book, 'job', { ...RULES, isMeantToMove: true }).diagnosis.blockedAtRequest).toBe(26)
  expect(judgeOutside(book, 'job', RULES).diagnosis.blockedAtRequest).toBeNull()
})

test('of a program that was watched since its start all connections are its own', () => {
  const opened = (rules: Partial<OutsideRules>) => judgeOutside(watch(2_500, alone(unread)), 'job', { ...RULES, ...rules }).diagnosis
  expect(opened({ isFromStart: true })).toMatchObject({ connectionsOpened: 25, baseline: { sockets: 0 } })
  expect(opened({})).toMatchObject({ connectionsOpened: 0, baseline: { sockets: 25 } })
})

test('goroutines that wait for a connection say so themselves, and that none waits, too', () => {
  const goroutines = (waiting: number): Goroutines => ({ total: 60, ofConnections: 50, waiting })
  const watched = (waiting: number) => watch(2_500, alone(unread, { goroutines: goroutines(waiting) }))
  expect(judgeOutside(watched(1), 'job', RULES).diagnosis).toMatchObject({
    blockedAtRequest: 26,
    findings: [{ evidence: expect.arrayContaining([expect.objectContaining({ value: 50 })]) }, { code: 'POOL_STARVED' }],
  })
  expect(judgeOutside(watched(0), 'job', { ...RULES, isMeantToMove: true }).diagnosis.blockedAtRequest).toBeNull()
})

test('idle is inconclusive until the deadline and a leak beyond it', () => {
  const idle = alone((atMs) => [socket(40_000, atMs)])
  expect(gist(watch(3_000, idle))).toBe('inconclusive')
  expect(gist(watch(7_500, idle))).toBe('leaked IDLE_PAST_DEADLINE x1')
  expect(gist(watch(3_000, idle), 'job', { deadlineMs: 2_000, isContract: true })).toBe('leaked IDLE_PAST_DEADLINE x1')
  expect(gist(watch(7_500, idle), 'job', { budget: { sockets: 1 } })).toBe('clean')
})

test('a connection whose counters move is in use, with queues as empty as an idle one', () => {
  const inUse = (atMs: number) => [
    socket(40_000, 0, { traffic: { receivedBytes: atMs, sentBytes: atMs, receivedAgoMs: 100, sentAgoMs: 100 } }),
  ]
  expect(gist(watch(10_000, alone(inUse)))).toBe('clean')
})

test('without counters nobody knows whether a connection is idle', () => {
  const { traffic: _none, ...uncounted } = socket(40_000, 0)
  expect(
    gist(
      watch(
        10_000,
        alone(() => [uncounted]),
      ),
    ),
  ).toBe('inconclusive')
})

test('whoever asked last waits for an answer: that is not idle', () => {
  const asked = (atMs: number) => [
    socket(40_000, 0, { traffic: { receivedBytes: 0, sentBytes: 100, receivedAgoMs: atMs + 50, sentAgoMs: atMs } }),
  ]
  const { diagnosis } = judgeOutside(watch(10_000, alone(asked)), 'job', RULES)
  expect({ verdict: diagnosis.verdict, missing: diagnosis.missing }).toEqual({
    verdict: 'inconclusive',
    missing: [expect.stringMatching(/^it waits for 1 answer of tcp:\/\/127\.0\.0\.1:9000, for up to 10\.0 s/)],
  })
})

test('a first question that nothing came back to is unanswered, though it and its connect are of one moment', () => {
  const asks = (atMs: number) => ({ traffic: { receivedBytes: 0, sentBytes: 79, receivedAgoMs: atMs, sentAgoMs: atMs } })
  expect(
    gist(
      watch(
        7_500,
        alone((atMs) => [socket(40_000, atMs, asks(atMs))]),
      ),
    ),
  ).toBe('inconclusive')
})

test('CLOSE_WAIT that stays is a close we owe', () => {
  const waits = alone((atMs) => [socket(40_000, atMs, { state: 'CLOSE_WAIT' })])
  expect(gist(watch(1_500, waits))).toBe('leaked PEER_CLOSED x1')
  expect(gist(watch(250, waits))).toBe('clean')
})

test("callers' connections count only when somebody gave a contract", () => {
  const serves = (atMs: number) => [LISTENER, inboundOf(socket(40_000, atMs))]
  expect(gist(watch(8_000, alone(serves)))).toBe('clean')
  expect(gist(watch(8_000, alone(serves)), 'job', { isContract: true })).toBe('leaked IDLE_PAST_DEADLINE x1')
})

test('a connection between two that are watched is one, told by the end that opened it, with what the other cannot send', () => {
  const both = (atMs: number) => ({
    members: [
      member('client', [socket(40_000, atMs, { receiveQueueBytes: 7 })]),
      member('server', [LISTENER, inboundOf(socket(40_000, atMs), { sendQueueBytes: 900 })]),
    ],
    ownerless: [],
  })
  const book = watch(3_000, both)
  expect([gist(book, 'client'), gist(book, 'server')]).toEqual(['leaked UNREAD_BODY x1', 'clean'])
  const [finding] = judgeOutside(book, 'client', RULES).diagnosis.findings
  expect(finding?.evidence).toContainEqual({ ledger: 'peer', says: 'bytes that server cannot send', value: 900 })
})

test('what the kernel holds for a process that has let go counts at the end that is watched', () => {
  const orphan = (atMs: number): OwnerlessSighting => {
    const { local, remote } = inboundOf(socket(40_000, atMs))
    return { network: 'net', state: 'FIN_WAIT1', local, remote, receiveQueueBytes: 0, sendQueueBytes: 5_000 }
  }
  const book = watch(3_000, (atMs) => ({ members: [member('job', [socket(40_000, atMs)])], ownerless: [orphan(atMs)] }))
  expect(gist(book)).toBe('leaked UNREAD_BODY x1')
})

test('connections that wait for accept() are a process that does not run', () => {
  const queued = { network: 'net', state: 'ESTABLISHED', local: SERVER, remote: { address: '127.0.0.1', port: 40_000 } } as const
  const waiting = () => ({ members: [member('job', [LISTENER])], ownerless: [{ ...queued, receiveQueueBytes: 40, sendQueueBytes: 0 }] })
  expect(gist(watch(3_000, waiting))).toBe('leaked WORK_HUNG x1')
  expect(gist(watch(1_000, waiting))).toBe('clean')
})

test('a keep-alive that is turned off shows no idle connection and all the churn', () => {
  const closed = (atMs: number): OwnerlessSighting[] =>
    Array.from({ length: atMs / 250 }, (_, index) => ({
      network: 'net',
      state: 'TIME_WAIT',
      local: SERVER,
      remote: { address: '127.0.0.1', port: 41_000 + index },
      receiveQueueBytes: 0,
      sendQueueBytes: 0,
    }))
  const book = watch(5_000, (atMs) => ({ members: [member('job', [LISTENER])], ownerless: closed(atMs) }))
  expect(gist(book)).toBe('clean CONNECTION_CHURN x20')
})

test('when idle connections went is measured, and held against what is shown', () => {
  const leaves = alone((atMs) => (atMs < 5_000 ? [socket(40_000, atMs)] : []))
  const { notes } = judgeOutside(watch(6_000, leaves), 'job', { ...RULES, shownIdleMs: 20_000 })
  expect(notes).toEqual([
    'measured idle timeout at tcp://127.0.0.1:9000: 1 idle connection went after 4.8 s to 5.0 s',
    expect.stringMatching(/^shown is an idle timeout of 20\.0 s, measured at tcp:\/\/127\.0\.0\.1:9000 are 5\.0 s at most/),
    'connections over 25 looks: 0 to 1 (now 0 outbound, 0 inbound)',
  ])
  expect(gist(watch(6_000, leaves), 'job', { shownIdleMs: 2_000 })).toBe('misconfigured LIMIT_UNENFORCED x1')
  const agrees = judgeOutside(watch(6_000, leaves), 'job', { ...RULES, shownIdleMs: 5_000 })
  expect(agrees.notes.some((note) => note.startsWith('shown'))).toBe(false)
})

test('no descriptor left is said', () => {
  expect(
    gist(
      watch(
        500,
        alone(() => [], { descriptorsLeft: 0 }),
      ),
    ),
  ).toBe('leaked DESCRIPTORS_EXHAUSTED x1')
})

test('a process that cannot be seen, or ends meanwhile, leaves the verdict open', () => {
  const blind = { sockets: null, missing: [{ probe: 'kernel-network', missing: 'not ours' }] }
  expect(
    gist(
      watch(
        500,
        alone(() => [], blind),
      ),
    ),
  ).toBe('inconclusive')
  const book = watch(3_000, (atMs) => ({
    members: [atMs < 2_000 ? member('job', unread(atMs)) : member('job', [], { hasEnded: true })],
    ownerless: [],
  }))
  expect(gist(book)).toBe('inconclusive')
})

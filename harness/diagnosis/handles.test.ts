import { expect, test } from 'vitest'
import type { OpenHandle } from '../model/ledger-page.ts'
import { diagnose } from './diagnose.ts'
import { censusOf, handle, line, materialOf, pageOf, request, sighting, socket } from './made-up.ts'
import type { Material } from './material.ts'

const codes = (material: Partial<Material>): readonly string[] =>
  diagnose(materialOf(material)).findings.map(({ code, count, openedAt }) => `${code} x${count} at ${openedAt?.line ?? '?'}`)
const beside = (some: Partial<OpenHandle>): readonly string[] =>
  codes({ page: pageOf({ requests: [request(1, { openedAt: line(41) })], handles: [handle(2, some)] }) }).filter(
    (code) => !/^(?:UNREAD_BODY|SOCKET)/.test(code),
  )

test.each<[string, Partial<OpenHandle>, readonly string[]]>([
  ['a timer that a client set for it', { openedAt: line(41), isOwnCall: false }, []],
  ['a timer of the user’s own at the same line', { openedAt: line(41) }, ['TIMER_LEFT x1 at 41']],
  ['a timer of a dependency at another line', { openedAt: line(7), isOwnCall: false }, ['TIMER_LEFT x1 at 7']],
  ['the session that a client opened for it', { type: 'HTTP2SESSION', openedAt: line(41), isOwnCall: false }, []],
  ['a session of another line', { type: 'HTTP2SESSION', openedAt: line(7) }, ['H2_SESSION_OPEN x1 at 7']],
])('beside an open request: %s', (_, some, expected) => {
  expect(beside(some)).toEqual(expected)
})

test('a child that was unref’d is told where its pipes were not, as one; without pipes it holds nobody', () => {
  const child = handle(1, { type: 'PROCESSWRAP', isReferenced: false, openedAt: line(7) })
  const pipes = [2, 3, 4].map((id) => handle(id, { type: 'PIPEWRAP', openedAt: line(7) }))
  expect(codes({ page: pageOf({ handles: [child, ...pipes] }) })).toEqual(['CHILD_LEFT x1 at 7'])
  expect(codes({ page: pageOf({ handles: [child] }) })).toEqual([])
  expect(codes({ page: pageOf({ handles: [child, handle(2, { type: 'PIPEWRAP', openedAt: line(9) })] }) })).toEqual(['HANDLE_LEFT x1 at 9'])
})

test('what a worker that is left has opened ends with it: a connection or a file that this thread knows nothing of', () => {
  const worker = handle(1, { type: 'WORKER', openedAt: line(7) })
  const recount = { ...censusOf(sighting(1)), files: [{ descriptor: 20, path: '/data' }] }
  const baseline = { ...censusOf(), files: [] }
  expect(codes({ baseline, recount, page: pageOf({ handles: [worker] }) })).toEqual(['WORKER_LEFT x1 at 7'])
  expect(codes({ baseline, recount, page: pageOf() })).toEqual(['SOCKET_LEFT_OPEN x1 at ?', 'FILE_LEFT_OPEN x1 at ?'])
  const own = pageOf({ handles: [worker], sockets: [socket(1)] })
  expect(codes({ baseline, recount: censusOf(sighting(1)), page: own })).toEqual(['IDLE_PAST_DEADLINE x1 at 41', 'WORKER_LEFT x1 at 7'])
})

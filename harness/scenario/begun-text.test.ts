import { expect, test } from 'vitest'
import { line } from '../diagnosis/made-up.ts'
import type { BegunAt } from '../subjects/exec-protocol.ts'
import { begunText, unlinedOf } from './begun-text.ts'

const asked = (path: string) => ({ method: 'GET', path, status: 200 })
const unread = { code: 'UNREAD_BODY', severity: 'leak', request: asked('/photos/*'), openedAt: null } as const
const begun = (number: number, path: string, count: number, method = 'GET'): BegunAt => ({ frame: line(number), method, path, count })

test('what is to blame for something, is about a request and names no line is asked about', () => {
  const lined = { ...unread, openedAt: line(1) }
  const note = { ...unread, severity: 'note' } as const
  const idle = { ...unread, code: 'IDLE_PAST_DEADLINE', request: null } as const
  expect(unlinedOf([lined, note, unread, idle])).toEqual([unread])
})

test('the lines that led to requests of its method and path, the most frequent first', () => {
  const all = [
    begun(7, '/photos/1', 2),
    begun(9, '/photos/2', 20),
    begun(9, '/photos/9', 3),
    begun(11, '/photos/3', 1, 'PUT'),
    begun(12, '/other', 9),
  ]
  expect(begunText(unlinedOf([unread, unread]), all, '/app')).toBe(
    ['UNREAD_BODY GET /photos/*', '  begun at job.ts:9 in copyAll, 23 times', '  begun at job.ts:7 in copyAll, 2 times'].join('\n'),
  )
})

test('many lines are cut, and how many is said; of none that is said', () => {
  const all = Array.from({ length: 7 }, (_, index) => begun(index + 1, '/photos/1', 1))
  expect(begunText(unlinedOf([unread]), all, '/app').split('\n')).toHaveLength(7)
  expect(begunText(unlinedOf([unread]), all, '/app')).toContain('  and 2 more')
  expect(begunText(unlinedOf([{ ...unread, request: asked('/photos/1') }]), [begun(1, '/photos/12', 1)], '/app')).toBe(
    'UNREAD_BODY GET /photos/1\n  no line of yours led to it this time',
  )
})

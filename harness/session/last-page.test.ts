import { expect, test } from 'vitest'
import { pageOf, request } from '../diagnosis/made-up.ts'
import { whatExitLeaves } from './last-page.ts'

const open = { status: null, headersAtMs: null, reader: null } as const
const page = pageOf({
  requests: [
    request(1),
    request(2, { ...open, phase: 'queued', isInLine: true }),
    request(3, { ...open, phase: 'queued' }),
    request(4, { ...open, phase: 'sent' }),
  ],
})
const left = (isHung: boolean) => whatExitLeaves(page, isHung).requests.map(({ id }) => id)

test('exit leaves unread bodies and who waits in line; who has a connection, or is getting one, it ends', () => {
  expect(left(false)).toEqual([1, 2])
})

test('under an await that never settles each request may be the one that was waited for', () => {
  expect(left(true)).toEqual([1, 2, 3, 4])
})

import { expect, test } from 'vitest'
import { lifelinesOf } from './lifelines.ts'
import { censusOf, handle, line, materialOf, pageOf, request, sighting, socket } from './made-up.ts'

const TIME_ORIGIN_MS = 1_000_000

test('what is left has a lifeline each, oldest first, on the wall clock; a connection with its request on it is told by the request', () => {
  const page = pageOf({
    timeOriginMs: TIME_ORIGIN_MS,
    requests: [request(30, { socketId: 1 }), request(31, { phase: 'queued', headersAtMs: null, path: null })],
    sockets: [socket(1, { isIdle: false }), socket(2)],
    handles: [handle(5)],
  })
  const { shown, leftOut } = lifelinesOf(materialOf({ page, recount: censusOf(sighting(1), sighting(2)) }))
  expect(leftOut).toBe(0)
  expect(shown.map(({ what, label, openedAtMs, headersAtMs }) => [what, label, openedAtMs - TIME_ORIGIN_MS, headersAtMs])).toEqual([
    ['connection', 'ESTABLISHED to http://127.0.0.1:9000', 2, null],
    ['handle', 'timer', 5, null],
    ['request', 'GET /photos/30', 30, TIME_ORIGIN_MS + 42],
    ['request', 'GET a request', 31, null],
  ])
})

test('the lifeline names the line relative to the working directory', () => {
  const page = pageOf({ requests: [request(1, { openedAt: line(41, '/app/src/job.ts') })] })
  expect(lifelinesOf(materialOf({ page, cwd: '/app' })).shown[0]?.openedAt).toMatchObject({ file: 'src/job.ts', line: 41 })
})

test('beyond sixty only the number is kept', () => {
  const page = pageOf({ requests: Array.from({ length: 75 }, (_, at) => request(at)) })
  const { shown, leftOut } = lifelinesOf(materialOf({ page }))
  expect({ shown: shown.length, leftOut }).toEqual({ shown: 60, leftOut: 15 })
})

import { describe, expect, it } from 'vitest'
import { diagnose } from './diagnose.ts'
import { censusOf, handle, line, materialOf, ORIGIN, optionsOf, pageOf, request, sighting, socket } from './made-up.ts'
import type { Material } from './material.ts'

const verdict = (material: Partial<Material>) => diagnose(materialOf(material)).verdict
const codes = (material: Partial<Material>) => diagnose(materialOf(material)).findings.map(({ code, count }) => `${code} x${count}`)
const idle = { recount: censusOf(sighting(1), sighting(2)), page: pageOf({ sockets: [socket(1), socket(2)] }) }

describe('the verdict', () => {
  it('is clean when nothing is left', () => expect(verdict({})).toBe('clean'))
  it('is inconclusive when the ledger does not answer', () => expect(verdict({ page: null })).toBe('inconclusive'))
  it('is clean without a ledger that nobody asked for', () =>
    expect(verdict({ page: null, options: optionsOf({ level: 'off' }) })).toBe('clean'))
  it('is inconclusive when entries were dropped', () => expect(verdict({ page: pageOf({ dropped: 1 }) })).toBe('inconclusive'))
  it('is inconclusive when a subscriber failed', () =>
    expect(verdict({ page: pageOf({ subscriberErrors: ['x: y'] }) })).toBe('inconclusive'))
  it('is leaked by evidence, whatever else could not be seen', () =>
    expect(verdict({ ...idle, page: pageOf({ sockets: [socket(1)], dropped: 1 }) })).toBe('leaked'))
  it('is not changed by churn', () => {
    const counts = { sent: 20, ok: 20, failed: 0, connectionsOpened: 20, peakOpen: 2 }
    expect(codes({ page: pageOf({ counts }) })).toEqual(['CONNECTION_CHURN x20'])
    expect(verdict({ page: pageOf({ counts }) })).toBe('clean')
  })
})

describe('a budget', () => {
  it.each([
    ['handles', { sockets: 0, requests: 0, handles: 1 }, ['IDLE_PAST_DEADLINE']],
    ['connections', { sockets: 1, requests: 0, handles: 0 }, ['TIMER_LEFT']],
  ] as const)('of %s excuses them whatever else is left', (_, budget, left) => {
    const page = pageOf({ sockets: [socket(1)], handles: [handle(1)] })
    const { findings } = diagnose(materialOf({ recount: censusOf(sighting(1)), page, options: optionsOf({ budget }) }))
    expect(findings.map(({ code }) => code)).toEqual(left)
  })

  it.each([
    [2, 'clean'],
    [1, 'leaked'],
  ])('of %i for two idle connections: %s', (sockets, expected) => {
    expect(verdict({ ...idle, options: optionsOf({ budget: { sockets, requests: 0, handles: 0 } }) })).toBe(expected)
  })

  it('never excuses an unread body', () => {
    const page = pageOf({ requests: [request(1, { socketId: 1 })], sockets: [socket(1, { isIdle: false })] })
    const options = optionsOf({ budget: { sockets: 9, requests: 0, handles: 0 } })
    expect(codes({ recount: censusOf(sighting(1)), page, options })).toEqual(['UNREAD_BODY x1'])
  })
})

describe('an allowance', () => {
  const because = 'the exporter stays'
  it.each([
    [{ origin: ORIGIN, because }, 'clean'],
    [{ code: 'IDLE_PAST_DEADLINE', openedAt: 'job.ts', because }, 'clean'],
    [{ origin: 'http://127.0.0.1:1', because }, 'leaked'],
    [{ code: 'UNREAD_BODY', origin: ORIGIN, because }, 'leaked'],
  ] as const)('%j: %s', (allowance, expected) => {
    expect(verdict({ ...idle, options: optionsOf({ allow: [allowance] }) })).toBe(expected)
  })
})

describe('work that hangs', () => {
  const hung = { because: 'timeout', afterMs: 60_000 } as const
  it('is said to wait for its oldest request without an answer', () => {
    const waiting = request(2, { phase: 'sent', reader: null, openedAt: line(50) })
    const { findings } = diagnose(materialOf({ hung, page: pageOf({ requests: [waiting] }) }))
    expect(findings).toMatchObject([{ code: 'WORK_HUNG', severity: 'starvation', openedAt: { line: 50 } }])
    expect(findings[0]?.evidence[0]?.says).toBe(
      'waits for GET http://127.0.0.1:9000/photos/2 (sent, no response headers yet) asked for at job.ts:50',
    )
  })

  it('for longer than it may is said to so once', () => {
    expect(diagnose(materialOf({ hung })).findings[0]?.summary).toBe('the work did not settle within 60000 ms')
  })

  it('keeps its own timers without blame', () => {
    expect(codes({ hung, page: pageOf({ handles: [handle(1)] }) })).toEqual(['WORK_HUNG x1'])
  })
})

describe('handles', () => {
  it.each([
    ['Timeout', 'TIMER_LEFT'],
    ['TCPSERVERWRAP', 'SERVER_LEFT_LISTENING'],
    ['FSEVENTWRAP', 'WATCHER_LEFT'],
    ['STATWATCHER', 'WATCHER_LEFT'],
    ['WORKER', 'WORKER_LEFT'],
    ['PROCESSWRAP', 'CHILD_LEFT'],
    ['UDPWRAP', 'HANDLE_LEFT'],
  ])('%s is %s', (type, code) => {
    expect(codes({ page: pageOf({ handles: [handle(1, { type })] }) })).toEqual([`${code} x1`])
  })

  it('that hold nothing are no findings', () => {
    expect(codes({ page: pageOf({ handles: [handle(1, { isReferenced: false }), handle(2, { iteration: -1 })] }) })).toEqual([])
  })

  it('that come along with another of the same line are one finding with it', () => {
    const handles = [
      handle(1, { type: 'PROCESSWRAP' }),
      handle(2, { type: 'PIPEWRAP' }),
      handle(3, { type: 'PIPEWRAP', openedAt: line(9) }),
    ]
    expect(codes({ page: pageOf({ handles }) })).toEqual(['CHILD_LEFT x1', 'HANDLE_LEFT x1'])
  })
})

it('findings keep their fingerprint when lines, ports and counts change', () => {
  const print = (number: number, port: number) => {
    const requests = [request(1, { openedAt: line(number), origin: `http://127.0.0.1:${port}` })]
    return diagnose(materialOf({ page: pageOf({ requests }) })).findings[0]?.fingerprint
  }
  expect(print(41, 9_000)).toBe(print(44, 9_001))
})

it('most severe findings come first', () => {
  const counts = { sent: 20, ok: 20, failed: 0, connectionsOpened: 20, peakOpen: 2 }
  const page = pageOf({ counts, handles: [handle(1)] })
  expect(codes({ hung: null, page })).toEqual(['TIMER_LEFT x1', 'CONNECTION_CHURN x20'])
})

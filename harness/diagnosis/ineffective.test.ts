import { describe, expect, it } from 'vitest'
import { diagnose } from './diagnose.ts'
import { censusOf, materialOf, pageOf, pool, request, sighting, socket } from './made-up.ts'

const hung = { afterMs: 3_000, because: 'stalled' } as const
const bound = (name: string, ms: number) => ({ name, ms })
const unread = (some: object = {}) => request(1, { client: 'undici', poolId: 1, bound: bound('bodyTimeout', 500), ...some })
const queued = (some: object = {}) => request(2, { phase: 'queued', status: null, headersAtMs: null, reader: null, poolId: 1, ...some })
const POOLS = [pool(1, { limit: 1, leased: 1, queued: 1 })]
const said = (changes: Parameters<typeof pageOf>[0], isHung = true) =>
  diagnose(materialOf({ page: pageOf({ atMs: 3_000, pools: POOLS, ...changes }), hung: isHung ? hung : null }))
    .findings.filter(({ code }) => code === 'TIMEOUT_INEFFECTIVE')
    .map(({ summary }) => summary)

describe('a timeout that has passed in work that hangs', () => {
  it('is named for the unread bodies and for what queues behind them', () => {
    const waiting = queued({ client: 'undici', bound: bound('headersTimeout', 700) })
    expect(said({ requests: [unread(), waiting] })).toEqual([
      'bodyTimeout of 500 ms has passed for 1 request and did not fire: undici stops its parser, and this timer with it, while nobody reads the body',
      'headersTimeout of 700 ms has passed for 1 request and did not fire: it does not run while a request waits for a connection',
    ])
  })

  it('is not yet ineffective while it may only be late', () => {
    expect(said({ requests: [unread({ bound: bound('bodyTimeout', 2_500) }), queued()] })).toEqual([])
  })

  it('is nobody’s concern where nobody waits for it', () => {
    expect(said({ requests: [unread(), queued({ bound: bound('timeout', 500) })] }, false)).toEqual([])
    expect(said({ requests: [unread()] })).toEqual([])
  })
})

it('an abort that was not delivered is named, and only where the work waits for it', () => {
  const aborted = [request(1, { poolId: 1 }), queued({ givenUpMs: 1_500 })]
  expect(said({ requests: aborted })).toEqual([
    '1 queued request was aborted, and the caller has not been told: node:http delivers that only when a socket frees',
  ])
  expect(said({ requests: aborted }, false)).toEqual([])
})

describe('a request given up in the queue by its caller', () => {
  const findingsOf = (workError?: Error) =>
    diagnose(
      materialOf({
        page: pageOf({ atMs: 3_000, pools: POOLS, requests: [request(1, { poolId: 1 }), queued({ createdAtMs: 1_000, givenUpMs: 995 })] }),
        workError,
      }),
    ).findings.filter(({ code }) => code === 'POOL_STARVED')

  it('was queued, not connecting, whatever its client says', () => {
    const [starved] = findingsOf(new Error('the request socket did not establish a connection with the server within 1000 ms'))
    expect(starved?.summary).toBe('blocks at request 2: 1 request gave up after 1005 ms, queued, not connecting, behind 1 unread body')
    expect(starved?.evidence.some(({ says }) => says.includes('mislead'))).toBe(true)
    expect(findingsOf()[0]?.evidence.some(({ says }) => says.includes('mislead'))).toBe(false)
  })

  it('is no leak where nothing holds what it waited for', () => {
    const page = pageOf({ atMs: 3_000, requests: [queued({ givenUpMs: 10, poolId: null })] })
    expect(diagnose(materialOf({ page })).findings).toEqual([])
  })
})

describe('half a header on a server of our own', () => {
  const inbound = (withinMs: number) =>
    socket(1, { role: 'inbound', owner: 'http.Server', isIdle: false, openedAtMs: 500, headersDue: { withinMs, checkedEveryMs: 30_000 } })
  const codesOf = (withinMs: number) => {
    const recount = censusOf(sighting(1, { role: 'inbound' }))
    return diagnose(materialOf({ recount, page: pageOf({ atMs: 3_000, sockets: [inbound(withinMs)] }) })).findings.map(({ code }) => code)
  }

  it('is the ineffective timeout’s fault once that has passed, and one finding', () => {
    expect(codesOf(1_000)).toEqual(['TIMEOUT_INEFFECTIVE'])
  })

  it('is a connection that was left open as long as it may be only late', () => {
    expect(codesOf(60_000)).toEqual(['SOCKET_LEFT_OPEN'])
    expect(codesOf(2_000)).toEqual(['SOCKET_LEFT_OPEN'])
  })
})

import { describe, expect, it } from 'vitest'
import { lintLimits } from './lint.ts'
import type { LimitSide } from './lint-side.ts'
import { limitProfile } from './profiles.ts'
import { type LimitOptions, limitSide } from './read-options.ts'

function side(name: string, options: LimitOptions = {}): LimitSide {
  const reading = limitSide(limitProfile(name), options)
  if (reading.type === 'mistakes') throw new Error(reading.mistakes.join())
  return reading.side
}
const between = (client: LimitSide | null, server: LimitSide | null) => lintLimits({ client, server })
const codes = (client: LimitSide | null, server: LimitSide | null) => between(client, server).map(({ code }) => code)
/** Every phase bounded: what is left is what the test is about. */
const UNDICI = { keepAliveTimeout: 3_000 }
const AGENT = { timeout: 3_000, maxSockets: 25, poolWaitMs: 5_000, dialMs: 5_000, signalTimeout: 60_000 }

describe('a client against its server', () => {
  it.each<[string, LimitSide, LimitSide, readonly string[]]>([
    ['undici and http.Server as they come', side('undici'), side('http-server'), []],
    ['an Agent whose timeout the hint shortens', side('http-agent-keepalive', AGENT), side('http-server'), []],
    ['as long as the server', side('http-agent-keepalive', { ...AGENT, timeout: 30_000 }), side('minio-server'), ['IDLE_RACE']],
    ['a little less', side('http-agent-keepalive', { ...AGENT, timeout: 29_999 }), side('minio-server'), []],
    ['no timeout at all', side('http-agent-keepalive', { ...AGENT, timeout: 0 }), side('minio-server'), ['IDLE_RACE']],
    ['undici without a hint', side('undici', { keepAliveTimeout: 30_000 }), side('aistore-server'), ['IDLE_RACE']],
    ['only the hint saves it', side('undici', { keepAliveTimeout: 6_000 }), side('http-server'), ['IDLE_RACE']],
    ['the hint makes more of it', side('undici', UNDICI), side('http-server', { keepAliveTimeout: 120_000 }), ['LIMIT_CONTRADICTION']],
    ['and is capped', side('undici', { ...UNDICI, keepAliveMaxTimeout: 3_000 }), side('http-server', { keepAliveTimeout: 120_000 }), []],
    ['the recommended cluster', side('aistore-intra-recommended'), side('aistore-server'), []],
    ['30 s in the cluster', side('aistore-intra', { idle_conn_time: '30s' }), side('aistore-server'), ['IDLE_RACE']],
    ['a connection per request', side('keep-alive-off', { signalTimeout: 60_000 }), side('minio-server'), []],
    [
      'nobody ever closes',
      side('http-agent-keepalive', { ...AGENT, timeout: 0 }),
      side('http-server', { keepAliveTimeout: 0 }),
      ['TIMEOUT_MISSING', 'TIMEOUT_MISSING'],
    ],
  ])('%s', (_, client, server, expected) => {
    expect(codes(client, server)).toEqual(expected)
  })

  it('is advised two thirds of the server, in its own words', () => {
    expect(between(side('go-article'), side('minio-server'))[0]?.advice).toContain('IdleConnTimeout: 20s')
    expect(between(side('undici', { keepAliveTimeout: 60_000 }), side('minio-server'))[0]?.advice).toContain(
      'keepAliveTimeout: 20000, keepAliveMaxTimeout: 20000',
    )
    expect(between(side('aws-sdk'), side('minio-server'))[0]?.advice).toContain('timeout: 20000')
  })

  it('is not judged against a server of which nobody knows when it closes', () => {
    const unknown: LimitSide = { name: 'live', role: 'server', dialect: 'any-server', values: {}, turned: new Set() }
    expect(codes(side('undici', { keepAliveTimeout: 900_000, keepAliveMaxTimeout: 900_000 }), unknown)).toEqual([])
  })
})

describe('a client by itself', () => {
  it.each<[string, LimitSide, readonly string[]]>([
    [
      'the article: headers, bodies and the pool wait hide behind 30 minutes',
      side('go-article'),
      ['TIMEOUT_MISSING', 'TIMEOUT_MISSING', 'TIMEOUT_MISSING'],
    ],
    ['the article, bounded', side('go-article', { Timeout: '60s' }), []],
    ['the AWS SDK as it comes', side('aws-sdk'), ['TIMEOUT_MISSING', 'TIMEOUT_MISSING', 'TIMEOUT_MISSING', 'TIMEOUT_MISSING']],
    [
      'the AWS SDK with a timeout that only warns',
      side('aws-sdk', { requestTimeout: 5_000, connectionTimeout: 1_000, socketTimeout: 5_000 }),
      ['TIMEOUT_INEFFECTIVE', 'TIMEOUT_MISSING', 'TIMEOUT_MISSING'],
    ],
    [
      'the AWS SDK, bounded',
      side('aws-sdk', {
        requestTimeout: 5_000,
        throwOnRequestTimeout: true,
        connectionTimeout: 1_000,
        socketTimeout: 5_000,
      }),
      [],
    ],
    ['more idle per host than in all', side('go-default-transport', { MaxIdleConnsPerHost: 200, Timeout: '60s' }), ['LIMIT_CONTRADICTION']],
    ['more idle than there can be', side('go-article', { MaxIdleConnsPerHost: 50, Timeout: '60s' }), ['LIMIT_CONTRADICTION']],
    ['a default wider than what was asked for', side('http-agent-keepalive', AGENT), []],
    ['the hint capped below the timeout', side('undici', { keepAliveTimeout: 6_000, keepAliveMaxTimeout: 2_000 }), ['LIMIT_CONTRADICTION']],
    ['a phase as long as the whole', side('undici', { headersTimeout: 30_000, signalTimeout: 30_000 }), ['TIMEOUT_INEFFECTIVE']],
    ['an idle cap of 0 that is 256', side('http-agent-keepalive', { ...AGENT, maxFreeSockets: 0 }), ['LIMIT_UNENFORCED']],
    ["Azure's switch", side('azure', { 'keepAliveOptions.enable': false, tryTimeoutInMs: 60_000 }), ['LIMIT_UNENFORCED']],
    ['-1 per host', side('aistore-intra', { idle_conns_per_host: -1 }), ['CONNECTION_CHURN']],
    [
      'idle caps beside no keep-alive',
      side('go-default-transport', { DisableKeepAlives: true, IdleConnTimeout: '9s', Timeout: '60s' }),
      ['LIMIT_CONTRADICTION'],
    ],
    ['an unlimited pool without an idle timeout', side('http-agent-keepalive', { signalTimeout: 60_000 }), ['TIMEOUT_MISSING']],
  ])('%s', (_, client, expected) => {
    expect(codes(client, null)).toEqual(expected)
  })

  it('hears of a total that hides a hang how long it hides it', () => {
    expect(between(side('go-article'), null).map(({ summary }) => summary)).toContainEqual(
      expect.stringContaining('for 30 min: only the bound on the whole request'),
    )
  })
})

describe('a server by itself', () => {
  it.each<[string, LimitSide, readonly string[]]>([
    ['as it comes', side('http-server'), []],
    ['a header timeout shorter than the interval of its check', side('http-server', { headersTimeout: 1_000 }), ['TIMEOUT_INEFFECTIVE']],
    ['both', side('http-server', { headersTimeout: 1_000, connectionsCheckingInterval: 500 }), []],
    ['without a header timeout', side('http-server', { headersTimeout: 0 }), ['TIMEOUT_MISSING']],
  ])('%s', (_, server, expected) => {
    expect(codes(null, server)).toEqual(expected)
  })
})

it('a proxy is a server to its client and a client of its server, and gives up before its own client does', () => {
  const chain = {
    client: side('undici', { signalTimeout: 10_000, headersTimeout: 5_000, bodyTimeout: 5_000, connectTimeout: 1_000 }),
    proxy: { front: side('http-server'), back: side('http-agent-keepalive', AGENT) },
    server: side('minio-server'),
  }
  expect(lintLimits(chain).map(({ code, where }) => `${code} ${where}`)).toEqual([
    'LIMIT_CONTRADICTION undici through http-agent-keepalive',
  ])
  const racing = {
    ...chain,
    proxy: { front: side('http-server'), back: side('http-agent-keepalive', { ...AGENT, timeout: 40_000, signalTimeout: 9_000 }) },
  }
  expect(lintLimits(racing).map(({ code, where }) => `${code} ${where}`)).toEqual(['IDLE_RACE http-agent-keepalive to minio-server'])
})

it('an option that bounds two phases is advised with one value, long enough for both', () => {
  const advice = lintLimits({ client: side('aws-sdk'), server: null }).map((fault) => fault.advice)
  expect(advice).toEqual(['connectionTimeout: 10000', 'connectionTimeout: 10000', 'requestTimeout: 30000', 'socketTimeout: 30000'])
})

describe('options', () => {
  const mistakeOf = (name: string, options: LimitOptions): string => {
    const reading = limitSide(limitProfile(name), options)
    return reading.type === 'mistakes' ? reading.mistakes.join('; ') : ''
  }
  it.each<[string, LimitOptions, string]>([
    ['undici', { keepAliveTimout: 3 }, 'did you mean keepAliveTimeout?'],
    ['undici', { foo: 1 }, 'undici has no option "foo": it has connections, keepAliveTimeout, '],
    ['undici', { keepAliveTimeout: 0 }, 'keepAliveTimeout got 0: it takes a number of ms, or a duration such as 6s or 500ms, from 1 on'],
    ['undici', { keepAliveTimeout: 'soon' }, 'keepAliveTimeout got "soon"'],
    ['http-agent-keepalive', { maxSockets: 2.5 }, 'maxSockets got 2.5: it takes a whole number from 0 on'],
    ['http-agent-keepalive', { keepAlive: 'yes' }, 'keepAlive got "yes": it takes true or false'],
    ['go-article', { IdleConnTimeout: '20' }, 'IdleConnTimeout got "20": it takes a duration such as 20s'],
    ['aistore-intra', { idle_conns: 5000 }, 'invalid idle_conns 5000 (expecting range [0 - 4096])'],
    [
      'aistore-intra',
      { 'net.http.idle_conn_time': '31s' },
      'invalid idle_conn_time 31s (expecting a positive value below max = 30s, or 0 for system default 6s)',
    ],
  ])('of %s: %j is refused: %s', (name, options, mistake) => {
    expect(mistakeOf(name, options)).toContain(mistake)
  })

  it('are read in their own units, and zeros as what they stand for', () => {
    expect(side('undici', { keepAliveTimeout: '6s', bodyTimeout: 0 }).values).toMatchObject({
      idleMs: 6_000,
      bodyMs: Number.POSITIVE_INFINITY,
    })
    expect(side('go-article', { IdleConnTimeout: '1m30s', MaxIdleConnsPerHost: 0, DisableKeepAlives: true }).values).toMatchObject({
      idleMs: 90_000,
      maxIdlePerHost: 2,
      keepAlive: false,
    })
    expect(side('aistore-intra', { 'net.http.idle_conn_time': '0', idle_conns: 0, idle_conns_per_host: 0 }).values).toMatchObject({
      idleMs: 6_000,
      maxIdleTotal: Number.POSITIVE_INFINITY,
      maxIdlePerHost: 32,
    })
  })
})

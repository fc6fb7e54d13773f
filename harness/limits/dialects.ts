/** How each client and server spells the knobs: one table, read in both directions. */
import type { Dialect, Knob } from './limit-profile.ts'

/** How a value is written. `ms`: a number of ms, or a duration with its unit; `go`: a duration of Go's. */
export type OptionKind = 'count' | 'ms' | 'go' | 'switch'

export interface DialectOption {
  readonly option: string
  /** What it sets; several when one option bounds several phases. */
  readonly knobs: readonly Knob[]
  readonly kind: OptionKind
  /** What a 0 stands for: no limit, a default, or truly nothing. */
  readonly zero: 'none' | 'nothing' | number
  /** Smallest value it takes. */
  readonly least: number
  /** `keepAlive: false` is spelled as `DisableKeepAlives: true`. */
  readonly isInverted?: boolean
  /** Not an option of the client's own: what has it. */
  readonly of?: string
}

const option = (
  option: string,
  knobs: Knob | readonly Knob[],
  kind: OptionKind,
  zero: DialectOption['zero'] = 'none',
  least = 0,
): DialectOption => ({
  option,
  knobs: typeof knobs === 'string' ? [knobs] : knobs,
  kind,
  zero,
  least,
})

/** Node 24: a new Agent. It takes maxFreeSockets 0 for "not given", which the lint has to say: so it is read as it was written. */
const AGENT = [
  option('maxSockets', 'maxPerHost', 'count'),
  option('maxTotalSockets', 'maxTotal', 'count', 'none', 1),
  option('maxFreeSockets', 'maxIdlePerHost', 'count', 'nothing'),
  option('timeout', 'idleMs', 'ms'),
  option('keepAlive', 'keepAlive', 'switch'),
  option('keepAliveMsecs', 'tcpKeepAliveMs', 'ms', 1_000),
]

const added = (of: string, options: readonly DialectOption[]): readonly DialectOption[] => options.map((each) => ({ ...each, of }))
/** Whatever the client: the caller's own bound on each request. */
const SIGNAL = added('AbortSignal.timeout for each request', [option('signalTimeout', 'totalMs', 'ms')])
const BOUNDED = added('boundedAgent of watertight/limits', [
  option('poolWaitMs', 'poolWaitMs', 'ms'),
  option('dialMs', ['dialMs', 'tlsMs'], 'ms'),
  option('maxIdleTotal', 'maxIdleTotal', 'count', 'nothing'),
])
const CAPPED = added('cappedAgent of watertight/limits', [
  option('poolWaitMs', 'poolWaitMs', 'ms', 'nothing'),
  option('maxTotal', 'maxTotal', 'count', 'none', 1),
  option('maxIdlePerHost', 'maxIdlePerHost', 'count', 'nothing'),
  option('maxIdleTotal', 'maxIdleTotal', 'count', 'nothing'),
])

export const DIALECT_OPTIONS: Readonly<Record<Dialect, readonly DialectOption[]>> = {
  undici: [
    option('connections', 'maxPerHost', 'count', 'none', 1),
    option('keepAliveTimeout', 'idleMs', 'ms', 'nothing', 1),
    option('keepAliveMaxTimeout', 'maxIdleMs', 'ms', 'nothing', 1),
    option('connectTimeout', ['dialMs', 'tlsMs'], 'ms'),
    option('headersTimeout', 'headersMs', 'ms'),
    option('bodyTimeout', 'bodyMs', 'ms'),
    ...CAPPED,
    ...SIGNAL,
  ],
  'node-http': [...AGENT, ...BOUNDED, ...SIGNAL],
  'aws-sdk': [
    ...AGENT,
    // Its timer runs while a request queues, too, and then says that no connection was established.
    option('connectionTimeout', ['dialMs', 'poolWaitMs'], 'ms'),
    option('requestTimeout', 'headersMs', 'ms'),
    { ...option('throwOnRequestTimeout', 'headersOnlyWarn', 'switch'), isInverted: true },
    option('socketTimeout', 'bodyMs', 'ms'),
    ...BOUNDED.filter(({ option }) => option === 'maxIdleTotal'),
    ...SIGNAL,
  ],
  azure: [
    ...AGENT.filter(({ option }) => option !== 'keepAlive'),
    option('keepAliveOptions.enable', 'keepAlive', 'switch'),
    option('tryTimeoutInMs', 'totalMs', 'ms'),
  ],
  gcs: [...AGENT, option('requestTimeout', 'totalMs', 'ms')],
  go: [
    option('MaxConnsPerHost', 'maxPerHost', 'count'),
    option('MaxIdleConns', 'maxIdleTotal', 'count'),
    option('MaxIdleConnsPerHost', 'maxIdlePerHost', 'count', 2, Number.NEGATIVE_INFINITY),
    option('IdleConnTimeout', 'idleMs', 'go'),
    option('DialTimeout', 'dialMs', 'go'),
    option('KeepAlive', 'tcpKeepAliveMs', 'go', 15_000),
    option('TLSHandshakeTimeout', 'tlsMs', 'go'),
    option('ExpectContinueTimeout', 'continueMs', 'go', 'nothing'),
    option('ResponseHeaderTimeout', 'headersMs', 'go'),
    option('Timeout', 'totalMs', 'go'),
    { ...option('DisableKeepAlives', 'keepAlive', 'switch'), isInverted: true },
  ],
  fasthttp: [
    option('MaxConnsPerHost', 'maxPerHost', 'count', 512),
    option('MaxIdleConnDuration', 'idleMs', 'go', 10_000),
    option('MaxConnWaitTimeout', 'poolWaitMs', 'go', 'nothing'),
    option('DialTimeout', 'dialMs', 'go', 3_000),
    option('ReadTimeout', ['headersMs', 'bodyMs'], 'go'),
  ],
  aistore: [
    option('idle_conn_time', 'idleMs', 'go', 6_000),
    option('idle_conns', 'maxIdleTotal', 'count'),
    option('idle_conns_per_host', 'maxIdlePerHost', 'count', 32, Number.NEGATIVE_INFINITY),
  ],
  'http-server': [
    option('keepAliveTimeout', 'idleMs', 'ms'),
    option('keepAliveTimeoutBuffer', 'idleBufferMs', 'ms', 'nothing'),
    option('headersTimeout', 'readHeadersMs', 'ms'),
    option('requestTimeout', 'requestMs', 'ms'),
    option('connectionsCheckingInterval', 'checkEveryMs', 'ms', 'nothing', 1),
    option('maxRequestsPerSocket', 'maxRequestsPerSocket', 'count'),
    option('maxConnections', 'maxConnections', 'count'),
  ],
  'any-server': [],
  'go-server': [
    option('IdleTimeout', 'idleMs', 'go'),
    option('ReadHeaderTimeout', 'readHeadersMs', 'go'),
    option('ReadTimeout', 'requestMs', 'go'),
  ],
}

/** What a person changes to turn a knob; null: this client has nothing for it. */
export const optionFor = (dialect: Dialect, knob: Knob): DialectOption | null =>
  DIALECT_OPTIONS[dialect].find(({ knobs }) => knobs.includes(knob)) ?? null

/** What a limit profile is: the knobs of one client or server, each value with its source. */
import type { HintUse } from './idle-deadline.ts'

/** Every knob we know, in our own words; durations in ms, Infinity for "no limit" and "none", absent for "nothing is said of it". */
export interface LimitValues {
  readonly maxPerHost?: number
  readonly maxTotal?: number
  readonly maxIdlePerHost?: number
  readonly maxIdleTotal?: number
  /** False: a connection per request. */
  readonly keepAlive?: boolean
  /** What happens to a request at the limit. */
  readonly atLimit?: 'queues' | 'refuses'
  /** How long a connection may idle, on the side the profile is of. */
  readonly idleMs?: number
  /** Most that a server's hint may make of it. */
  readonly maxIdleMs?: number
  /** What the client makes of a server's Keep-Alive hint. */
  readonly hint?: HintUse
  readonly poolWaitMs?: number
  readonly dialMs?: number
  readonly tlsMs?: number
  /** Wait for `100 Continue`. */
  readonly continueMs?: number
  /** From the request to the headers of its answer. */
  readonly headersMs?: number
  /** When that time is up the client only warns, and goes on waiting. */
  readonly headersOnlyWarn?: boolean
  /** Between two pieces of a body. */
  readonly bodyMs?: number
  /** The whole request, its body included. */
  readonly totalMs?: number
  /** First TCP keep-alive probe: says nothing of HTTP. */
  readonly tcpKeepAliveMs?: number
  /** A server closes so much later than it announces. */
  readonly idleBufferMs?: number
  /** The server sends `Keep-Alive: timeout=`. */
  readonly sendsHint?: boolean
  /** How long a client may take to send its headers. */
  readonly readHeadersMs?: number
  /** The same for the whole request. */
  readonly requestMs?: number
  /** The two are looked at only so often. */
  readonly checkEveryMs?: number
  readonly maxRequestsPerSocket?: number
  readonly maxConnections?: number
}
export type Knob = keyof LimitValues

/** Where a value comes from. */
export interface Source {
  /** A file, a page, or what was run. */
  readonly source: string
  readonly version: string
  /** Of the source, `2026-08-21`; of the measurement where it was measured. */
  readonly date: string
}

export interface Sourced<T> extends Source {
  readonly value: T
  readonly note: string | null
  /** What other sources say: a document and its code differ. */
  readonly elsewhere: readonly Sourced<T>[]
}

/** Whose spelling of the knobs applies: the options of a client or server product. `any-server`: one that was only asked, and nobody knows what it is. */
export const DIALECTS = [
  'undici',
  'node-http',
  'http-server',
  'aws-sdk',
  'azure',
  'gcs',
  'go',
  'go-server',
  'fasthttp',
  'aistore',
  'any-server',
] as const
export type Dialect = (typeof DIALECTS)[number]

export type ProfileLimits = { readonly [K in Knob]?: Sourced<NonNullable<LimitValues[K]>> }

export interface LimitProfile {
  readonly name: string
  readonly role: 'client' | 'server'
  readonly dialect: Dialect
  /** One sentence. */
  readonly about: string
  readonly limits: ProfileLimits
}

/** The values alone. */
export const valuesOf = ({ limits }: LimitProfile): LimitValues =>
  Object.fromEntries(Object.entries(limits).map(([knob, sourced]) => [knob, sourced.value])) as LimitValues

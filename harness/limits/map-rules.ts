/** What each client can be told of each knob, by what option, and why not. */
import type { Fate, OptionTree, Rules, Said } from './map-onto.ts'

const enforced = (options: OptionTree, by: string, reason?: string): Said => ({
  fate: 'ENFORCED',
  by,
  options,
  ...(reason === undefined ? {} : { reason }),
})
const emulated = (emulate: OptionTree, by: string, reason: string): Said => ({ fate: 'EMULATED', by, emulate, reason })
const unenforced = (by: string, reason: string): Said => ({ fate: 'UNENFORCED', by, reason })
const asItIs = (by: string, reason: string, fate: Fate = 'ENFORCED'): Said => ({ fate, by, reason })

const isBounded = Number.isFinite
/** As long as a timer can be in Node (2^31 - 1 ms, 24 days). */
const LONGEST_MS = 2_147_483_647
const CAPPED = 'cappedAgent(undici, caps, options)'
const BOUNDED = 'boundedAgent(agent, bounds)'
const SIGNAL = 'signal: AbortSignal.timeout(ms) with each request'
const NOTHING_TO_DO = asItIs('its default', 'no limit')

export const UNDICI: Rules = {
  maxPerHost: (value) => (isBounded(value) ? enforced({ connections: value }, 'connections') : NOTHING_TO_DO),
  maxTotal: (value) =>
    isBounded(value) ? emulated({ maxTotal: value }, CAPPED, 'undici has no cap on connections to all origins') : NOTHING_TO_DO,
  maxIdlePerHost: (value) =>
    isBounded(value) ? emulated({ maxIdlePerHost: value }, CAPPED, 'undici has no cap on idle connections') : NOTHING_TO_DO,
  maxIdleTotal: (value) =>
    isBounded(value) ? emulated({ maxIdleTotal: value }, CAPPED, 'undici has no cap on idle connections') : NOTHING_TO_DO,
  keepAlive: (value) =>
    value ? asItIs('its default', 'connections are kept') : enforced({ pipelining: 0 }, 'pipelining: 0', 'a connection per request'),
  atLimit: (value) =>
    value === 'queues'
      ? asItIs('its default', 'requests queue')
      : emulated({ poolWaitMs: 0 }, CAPPED, 'undici queues without bound: poolWaitMs 0 refuses at once'),
  idleMs: (value, { maxIdleMs }) => {
    const ms = isBounded(value) ? value : LONGEST_MS
    const why = isBounded(value) ? 'both: a hint of the server would lengthen it otherwise' : 'undici takes finite numbers only: 24 days'
    return enforced({ keepAliveTimeout: ms, keepAliveMaxTimeout: maxIdleMs ?? ms }, 'keepAliveTimeout with keepAliveMaxTimeout', why)
  },
  maxIdleMs: (value) => enforced({ keepAliveMaxTimeout: value }, 'keepAliveMaxTimeout'),
  hint: (value) =>
    value === 'ignored'
      ? asItIs('keepAliveMaxTimeout', 'a hint cannot lengthen the idle timeout any more; a short one still ends it sooner')
      : asItIs(
          'its default',
          value === 'overrides' ? 'undici follows hints' : 'keepAliveMaxTimeout at the idle timeout lets a hint only shorten it',
        ),
  poolWaitMs: (value) =>
    isBounded(value) ? emulated({ poolWaitMs: value }, CAPPED, 'no timeout of undici runs while a request queues') : NOTHING_TO_DO,
  dialMs: (value) =>
    isBounded(value)
      ? enforced({ connect: { timeout: value } }, 'connect.timeout', 'the TLS handshake is within it')
      : enforced({ connect: { timeout: 0 } }, 'connect.timeout: 0'),
  tlsMs: (value, { dialMs = Number.POSITIVE_INFINITY }) =>
    value >= dialMs
      ? asItIs('connect.timeout', 'within the time for connecting')
      : unenforced('connect.timeout', 'one timer is for connecting and TLS together, and TLS was to have less'),
  continueMs: () => unenforced('-', 'undici does not support expect: 100-continue'),
  headersMs: (value) => enforced({ headersTimeout: isBounded(value) ? value : 0 }, 'headersTimeout'),
  bodyMs: (value) => enforced({ bodyTimeout: isBounded(value) ? value : 0 }, 'bodyTimeout', 'silence between two pieces'),
  totalMs: (value) => (isBounded(value) ? unenforced(SIGNAL, 'no option bounds a whole request') : NOTHING_TO_DO),
  tcpKeepAliveMs: (value) => enforced({ connect: { keepAlive: true, keepAliveInitialDelay: value } }, 'connect.keepAliveInitialDelay'),
  headersOnlyWarn: () => null,
}

export const NODE_HTTP: Rules = {
  maxPerHost: (value) => (isBounded(value) ? enforced({ maxSockets: value }, 'maxSockets') : NOTHING_TO_DO),
  maxTotal: (value) => (isBounded(value) ? enforced({ maxTotalSockets: value }, 'maxTotalSockets') : NOTHING_TO_DO),
  maxIdlePerHost(value) {
    if (value === 0) return unenforced('keepAlive: false', 'Node takes maxFreeSockets: 0 for "not given", which is 256')
    // Node knows no Infinity here that would mean more than its sockets do.
    return enforced({ maxFreeSockets: isBounded(value) ? value : LONGEST_MS }, 'maxFreeSockets')
  },
  maxIdleTotal: (value) =>
    isBounded(value) ? emulated({ maxIdleTotal: value }, BOUNDED, 'http.Agent has no cap on idle connections of all hosts') : NOTHING_TO_DO,
  keepAlive: (value) => enforced({ keepAlive: value }, 'keepAlive'),
  atLimit: (value) =>
    value === 'queues'
      ? asItIs('its default', 'requests queue')
      : emulated({ poolWaitMs: 1 }, BOUNDED, 'http.Agent queues without bound: a wait of 1 ms comes close to refusing'),
  idleMs: (value) =>
    isBounded(value)
      ? enforced({ timeout: value }, 'timeout', 'it also makes a busy request emit timeout after that silence; who ends it is up to you')
      : asItIs('its default', 'no idle timeout'),
  maxIdleMs: () => asItIs('-', 'a hint never lengthens the idle timeout of http.Agent'),
  hint: (value) =>
    value === 'overrides'
      ? unenforced('-', 'http.Agent takes a hint only to shorten its timeout')
      : asItIs('its default', 'a hint only shortens the idle timeout, to hint - 1 s'),
  poolWaitMs: (value) =>
    isBounded(value) ? emulated({ poolWaitMs: value }, BOUNDED, 'no timeout of node:http runs while a request queues') : NOTHING_TO_DO,
  dialMs: (value) => (isBounded(value) ? emulated({ dialMs: value }, BOUNDED, 'node:http has no timeout for connecting') : NOTHING_TO_DO),
  tlsMs(value, { dialMs = Number.POSITIVE_INFINITY }) {
    if (!isBounded(value)) return NOTHING_TO_DO
    return value >= dialMs
      ? asItIs(BOUNDED, 'within dialMs', 'EMULATED')
      : unenforced(BOUNDED, 'one timer is for connecting and TLS together, and TLS was to have less')
  },
  continueMs: () => unenforced("request.setTimeout, cleared at 'continue'", 'node:http waits for 100 Continue without bound'),
  headersMs: (value) =>
    isBounded(value)
      ? unenforced('request.setTimeout(ms, () => request.destroy(...))', 'the Agent has no option for it; on the request it counts silence')
      : NOTHING_TO_DO,
  bodyMs: (value) =>
    isBounded(value) ? unenforced('response.setTimeout(ms, () => response.destroy(...))', 'the Agent has no option for it') : NOTHING_TO_DO,
  totalMs: (value) => (isBounded(value) ? unenforced(SIGNAL, 'no option bounds a whole request') : NOTHING_TO_DO),
  tcpKeepAliveMs: (value) => enforced({ keepAliveMsecs: value }, 'keepAliveMsecs'),
  headersOnlyWarn: () => null,
}

/** The SDK's handler on top of an Agent, whose options stand under `httpAgent` and `httpsAgent`. */
export function onAwsSdk(agent: Rules): Rules {
  const within = Object.fromEntries(
    Object.entries(agent).map(([knob, rule]) => [
      knob,
      (value: never, all: never): Said | null => {
        const said = (rule as (value: never, all: never) => Said | null)(value, all)
        return said?.options === undefined
          ? said
          : { ...said, by: `httpAgent.${said.by}`, options: { httpAgent: said.options, httpsAgent: said.options } }
      },
    ]),
  ) as Rules
  return {
    ...within,
    dialMs: (value) =>
      isBounded(value)
        ? enforced(
            { connectionTimeout: value },
            'connectionTimeout',
            'it fires for a queued request, too, and says "did not establish a connection"',
          )
        : NOTHING_TO_DO,
    headersMs: (value) =>
      isBounded(value)
        ? enforced(
            { requestTimeout: value, throwOnRequestTimeout: true },
            'requestTimeout with throwOnRequestTimeout',
            'alone it only warns',
          )
        : NOTHING_TO_DO,
    bodyMs: (value) => (isBounded(value) ? enforced({ socketTimeout: value }, 'socketTimeout') : NOTHING_TO_DO),
    totalMs: (value) =>
      isBounded(value)
        ? unenforced('{ abortSignal: AbortSignal.timeout(ms) } with each send', 'no option bounds a whole request with its retries')
        : NOTHING_TO_DO,
  }
}

/** Node looks at both so often, unless told otherwise. */
const CHECK_MS = 30_000

export const HTTP_SERVER: Rules = {
  idleMs: (value) => enforced({ keepAliveTimeout: isBounded(value) ? value : 0 }, 'keepAliveTimeout'),
  idleBufferMs: (value) => enforced({ keepAliveTimeoutBuffer: value }, 'keepAliveTimeoutBuffer'),
  sendsHint: (value) =>
    value ? asItIs('its default', 'Keep-Alive: timeout=') : unenforced('-', 'http.Server always announces its idle timeout'),
  readHeadersMs(value, { checkEveryMs = CHECK_MS }) {
    const ms = isBounded(value) ? value : 0
    const everyMs = ms === 0 ? checkEveryMs : Math.min(checkEveryMs, Math.max(1, Math.round(ms / 2)))
    return enforced(
      { headersTimeout: ms, connectionsCheckingInterval: everyMs },
      'headersTimeout with connectionsCheckingInterval',
      'it is looked at only so often',
    )
  },
  requestMs: (value) => enforced({ requestTimeout: isBounded(value) ? value : 0 }, 'requestTimeout'),
  checkEveryMs: () => asItIs('connectionsCheckingInterval', 'as often as the header timeout needs'),
  maxRequestsPerSocket: (value) =>
    isBounded(value) ? enforced({ maxRequestsPerSocket: value }, 'server.maxRequestsPerSocket') : NOTHING_TO_DO,
  maxConnections: (value) => (isBounded(value) ? enforced({ maxConnections: value }, 'server.maxConnections') : NOTHING_TO_DO),
}

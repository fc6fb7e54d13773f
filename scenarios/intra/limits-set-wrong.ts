/**
 * Each limit set wrong on purpose: too high, too low, absent, contradicting another, switched off, overridden by the other side, too long to be a bound. What the
 * settings have against each other is said beside what the traffic shows, with the knob and the value it should have.
 */
import type { AgentOptions } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Pool } from 'undici'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const PATH = '/plain/100'
const STALLED = '/plain/101'
const server = (options: object = {}) => s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'], ...options })

type Ask = () => Promise<void>

/** Each case loads the client it runs: the other half would cost it 40 or 100 ms. */
async function openAgent({ backend }: WorkContext, options: AgentOptions): Promise<Ask> {
  const { Agent, get } = await import('../node-http.ts')
  const agent = new Agent(options)
  return () =>
    new Promise((resolve, reject) => {
      get(`${backend.origin}${PATH}`, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject)
    })
}

async function openPool({ backend, handOver }: WorkContext, options: Pool.Options): Promise<Pool> {
  const { Pool } = await import('undici')
  const pool = new Pool(backend.origin, options)
  handOver(pool)
  return pool
}

async function askPool(pool: Pool): Promise<void> {
  const { body } = await pool.request({ path: PATH, method: 'GET' })
  await body.arrayBuffer()
}

/** More than a limit of 25, and fewer than make a queue as long as the limit: from there on it would be POOL_SATURATED or not by the speed of the machine. */
const BURST = 45

/** So many requests at the same time. */
const burst = async (count: number, ask: Ask): Promise<void> => void (await Promise.all(Array.from({ length: count }, ask)))

const overAgent = (count: number, options: AgentOptions): Work =>
  async function burstsOverAnAgent(context) {
    await burst(count, await openAgent(context, { keepAlive: true, timeout: 1_000, ...options }))
  }

const overPool = (options: Pool.Options): Work =>
  async function burstsOverAPool(context) {
    const pool = await openPool(context, options)
    await burst(10, () => askPool(pool))
  }

/** One request after the other, with pauses that are longer than the idle time, or not. */
const withPauses = (idleMs: number): Work =>
  async function asksNowAndThen(context) {
    const pool = await openPool(context, { keepAliveTimeout: idleMs, keepAliveMaxTimeout: idleMs })
    context.onlyWaits()
    for (let sent = 0; sent < 8; sent += 1) {
      await askPool(pool)
      await wait(300)
    }
  }

const oneByOne = (options: AgentOptions): Work =>
  async function asksOneByOne(context) {
    const ask = await openAgent(context, { timeout: 1_000, ...options })
    for (let sent = 0; sent < 8; sent += 1) await ask()
  }

/** Asks what is never answered. Whoever has the patience of the article waits for half an hour; we look after a second. */
const boundBy = (headersTimeout: number): Work =>
  async function asksTheSilent(context) {
    const pool = await openPool(context, { headersTimeout })
    const gaveUp = new AbortController()
    const asked = pool.request({ path: STALLED, method: 'GET', signal: gaveUp.signal }).catch((error: Error) => error.name)
    const told = await Promise.race([asked, wait(3_000, 'nobody')])
    context.measured(`after 3 s at the most the caller was told by ${told}, with a bound of ${headersTimeout} ms`)
    gaveUp.abort()
    await asked
    await pool.close()
  }

const HALF_AN_HOUR_MS = 1_800_000
/** The server's second beside what it was told. */
const SERVER_MS = 3_000
const clean = { verdict: 'clean' } as const

export default defineScenario({
  name: 'limits-set-wrong',
  layer: 'intra',
  client: 'undici, http.Agent',
  shows: 'each limit set wrong on purpose: the verdict names the knob and the value it should have',
  backend: server(),
  cases: {
    'idle time too high': {
      leaky: {
        work: overPool({ keepAliveTimeout: 10_000, keepAliveMaxTimeout: 10_000 }),
        backend: server({ keepAliveTimeoutMs: SERVER_MS }),
        set: {
          client: { profile: 'undici', options: { keepAliveTimeout: 10_000, keepAliveMaxTimeout: 10_000 } },
          server: { profile: 'http-server', options: { keepAliveTimeout: SERVER_MS } },
        },
        expects: { verdict: 'misconfigured', codes: ['IDLE_RACE'] },
      },
      fixed: {
        work: overPool({ keepAliveTimeout: 2_000, keepAliveMaxTimeout: 2_000 }),
        backend: server({ keepAliveTimeoutMs: SERVER_MS }),
        set: {
          client: { profile: 'undici', options: { keepAliveTimeout: 2_000, keepAliveMaxTimeout: 2_000 } },
          server: { profile: 'http-server', options: { keepAliveTimeout: SERVER_MS } },
        },
        expects: clean,
      },
    },
    'idle time too low': {
      leaky: { work: withPauses(50), expects: { verdict: 'clean', codes: ['CONNECTION_CHURN'] } },
      fixed: { work: withPauses(2_000), expects: { ...clean, connectionsAtMost: 2 } },
    },
    'no idle time, no limit': {
      leaky: {
        work: overAgent(BURST, { timeout: undefined }),
        set: { client: { profile: 'http-agent-keepalive' } },
        expects: { verdict: 'leaked', codes: ['IDLE_PAST_DEADLINE', 'TIMEOUT_MISSING'] },
      },
      fixed: {
        work: overAgent(BURST, { maxSockets: 25 }),
        set: { client: { profile: 'http-agent-keepalive', options: { maxSockets: 25, timeout: 1_000 } } },
        expects: { ...clean, connectionsAtMost: 25 },
      },
    },
    'idle per host -1': {
      leaky: {
        work: oneByOne({ keepAlive: false }),
        set: { client: { profile: 'go-default-transport', options: { MaxIdleConnsPerHost: -1 } } },
        expects: { verdict: 'clean', codes: ['CONNECTION_CHURN'] },
      },
      fixed: {
        work: oneByOne({ keepAlive: true, maxFreeSockets: 2 }),
        set: { client: { profile: 'go-default-transport', options: { MaxIdleConnsPerHost: 2 } } },
        expects: { ...clean, connectionsAtMost: 1 },
      },
    },
    'per host above the total': {
      leaky: {
        work: overAgent(BURST, { maxSockets: 50, maxTotalSockets: 25 }),
        set: { client: { profile: 'http-agent-keepalive', options: { maxSockets: 50, maxTotalSockets: 25 } } },
        expects: { verdict: 'misconfigured', codes: ['LIMIT_CONTRADICTION'], connectionsAtMost: 25 },
      },
      fixed: {
        work: overAgent(BURST, { maxSockets: 25, maxTotalSockets: 25 }),
        set: { client: { profile: 'http-agent-keepalive', options: { maxSockets: 25, maxTotalSockets: 25 } } },
        expects: { ...clean, connectionsAtMost: 25 },
      },
    },
    "overridden by the server's hint": {
      leaky: {
        work: overPool({ keepAliveTimeout: 2_000 }),
        backend: server({ keepAliveTimeoutMs: 20_000, keepAliveHintSeconds: null }),
        idleTimeoutMs: 3_500,
        set: {
          client: { profile: 'undici', options: { keepAliveTimeout: 2_000 } },
          server: { profile: 'http-server', options: { keepAliveTimeout: 20_000 } },
        },
        expects: { verdict: 'leaked', codes: ['IDLE_PAST_DEADLINE', 'LIMIT_CONTRADICTION'] },
      },
      fixed: {
        work: overPool({ keepAliveTimeout: 2_000, keepAliveMaxTimeout: 2_000 }),
        backend: server({ keepAliveTimeoutMs: 20_000, keepAliveHintSeconds: null }),
        idleTimeoutMs: 3_500,
        set: {
          client: { profile: 'undici', options: { keepAliveTimeout: 2_000, keepAliveMaxTimeout: 2_000 } },
          server: { profile: 'http-server', options: { keepAliveTimeout: 20_000 } },
        },
        expects: clean,
      },
    },
    'half an hour in all': {
      leaky: {
        work: boundBy(HALF_AN_HOUR_MS),
        backend: server({ faults: [{ match: STALLED, stallHeaders: true }] }),
        set: { client: { profile: 'go-article' } },
        expects: { verdict: 'misconfigured', codes: ['TIMEOUT_MISSING'] },
      },
      fixed: {
        work: boundBy(500),
        backend: server({ faults: [{ match: STALLED, stallHeaders: true }] }),
        set: { client: { profile: 'go-article', options: { ResponseHeaderTimeout: '500ms' } } },
        expects: clean,
      },
    },
  },
})

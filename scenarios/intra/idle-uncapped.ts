/**
 * A burst between nodes, and what stays of it: the profile keeps 100 idle connections for each host. undici has no such cap and keeps them all; http.Agent has
 * one of its own, which is 256 until somebody says otherwise.
 */
import type { IncomingMessage } from 'node:http'
import type { Pool } from 'undici'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

/** idle_conns_per_host of AIStore's recommended settings, which is the profile here. */
const IDLE_CAP = 100
const BURST_OF_UNDICI = 200
/** More than http.Agent keeps when it is not told. */
const BURST_OF_AGENT = 400
const SIZE_BYTES = 1_000
/** The profile's own. Less would let some go before they are counted, on a machine that is slow with the burst. */
const IDLE_MS = 20_000
/** undici's timers have a resolution of 0.5 s. */
const TOLERANCE_MS = 2_000
const PATH = `/plain/${SIZE_BYTES}`

/** All at once; every body is read. Returns when each has its answer. */
async function burst(size: number, ask: () => Promise<number>): Promise<void> {
  const lengths = await Promise.all(Array.from({ length: size }, ask))
  const wrong = lengths.find((length) => length !== SIZE_BYTES)
  if (wrong !== undefined) throw new Error(`${wrong} of ${SIZE_BYTES} bytes came`)
}

const withPool = (options: Pool.Options): Work =>
  async function burstOverPool({ backend, handOver }) {
    const { Pool } = await import('undici')
    const pool = new Pool(backend.origin, { keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS, ...options })
    handOver(pool)
    await burst(BURST_OF_UNDICI, async () => {
      const { body } = await pool.request({ path: PATH, method: 'GET' })
      return (await body.arrayBuffer()).byteLength
    })
  }

const withAgent = (options: object): Work =>
  async function burstOverAgent({ backend }: WorkContext) {
    const { Agent, get } = await import('../node-http.ts')
    const agent = new Agent({ keepAlive: true, timeout: IDLE_MS, ...options })
    await burst(BURST_OF_AGENT, async () => {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        get(`${backend.origin}${PATH}`, { agent }, resolve).on('error', reject)
      })
      let length = 0
      for await (const chunk of response as AsyncIterable<Buffer>) length += chunk.length
      return length
    })
  }

const uncapped = { verdict: 'misconfigured', codes: ['LIMIT_UNENFORCED'] } as const

export default defineScenario({
  name: 'idle-uncapped',
  layer: 'intra',
  client: 'undici, http.Agent',
  shows: 'where 100 idle connections for each host are allowed, undici keeps all 200 of a burst, and http.Agent 256 of 400',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'] }),
  limits: 'aistore-intra-recommended',
  idleTimeoutMs: IDLE_MS + TOLERANCE_MS,
  cases: {
    undici: {
      leaky: { work: withPool({}), expects: uncapped },
      // What cannot be capped when idle is capped when open.
      fixed: { work: withPool({ connections: IDLE_CAP }), expects: { verdict: 'clean', connectionsAtMost: IDLE_CAP } },
    },
    'http.Agent': {
      leaky: { work: withAgent({}), expects: uncapped },
      fixed: { work: withAgent({ maxFreeSockets: IDLE_CAP }), expects: { verdict: 'clean' } },
    },
  },
})

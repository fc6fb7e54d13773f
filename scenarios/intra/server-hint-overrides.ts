/** An idle timeout is negotiated: undici believes the server's Keep-Alive hint more than its own keepAliveTimeout, up to keepAliveMaxTimeout. */
import { Pool } from 'undici'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const PEERS = 10
const SIZE_BYTES = 1_000
/** AIStore's idle time between peers (facts.md). */
const IDLE_MS = 6_000
/** undici's timers have a resolution of 0.5 s. */
const TOLERANCE_MS = 1_000
/** Minus 2 s of its own this is how long undici keeps a connection then. */
const HINT_SECONDS = 120

/** A burst that opens a connection for each of its requests; all are idle a moment later. */
async function burst({ backend, handOver }: WorkContext, options: Pool.Options): Promise<void> {
  const pool = new Pool(backend.origin, options)
  handOver(pool)
  async function ask(): Promise<number> {
    const { body } = await pool.request({ path: `/plain/${SIZE_BYTES}`, method: 'GET' })
    return (await body.arrayBuffer()).byteLength
  }
  const lengths = await Promise.all(Array.from({ length: PEERS }, ask))
  if (lengths.some((length) => length !== SIZE_BYTES)) throw new Error(`not every answer had its ${SIZE_BYTES} bytes: ${lengths}`)
}

const hintWins: Work = (context) => burst(context, { keepAliveTimeout: IDLE_MS })

const hintIsCapped: Work = (context) => burst(context, { keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })

export default defineScenario({
  name: 'server-hint-overrides',
  layer: 'intra',
  client: 'undici',
  shows: 'with a Keep-Alive hint of 120 s from the server, a keepAliveTimeout of 6 s is not what idle connections last',
  backend: s3Backend({ objects: 0, sizeBytes: 0, keepAliveHintSeconds: HINT_SECONDS }),
  idleTimeoutMs: IDLE_MS + TOLERANCE_MS,
  leaky: { work: hintWins, expects: { verdict: 'leaked', codes: ['IDLE_PAST_DEADLINE'] } },
  fixed: { work: hintIsCapped, expects: { verdict: 'clean' } },
})

/**
 * Every timeout undici has is set, to half a second, and none fires: nobody reads the two bodies, so undici stops its parser and the timers of the body with it;
 * and the third request waits in the pool, where no timer runs at all.
 */
import { Pool } from 'undici'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const CONNECTIONS = 2
const REQUESTS = 4
const TIMEOUT_MS = 500
const IDLE_MS = 1_000
/** dump() takes so much and gives the connection back. */
const SIZE_BYTES = 100_000

type UndiciBody = Awaited<ReturnType<Pool['request']>>['body']

async function askOneByOne({ backend, handOver, signal }: WorkContext, letGo: (body: UndiciBody) => Promise<void>): Promise<void> {
  const pool = new Pool(backend.origin, {
    connections: CONNECTIONS,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
  })
  handOver(pool)
  for (let sent = 0; sent < REQUESTS; sent += 1) {
    signal.throwIfAborted()
    const { statusCode, body } = await pool.request({ path: `/plain/${SIZE_BYTES}`, method: 'GET' })
    if (statusCode !== 200) throw new Error(`answered ${statusCode}`)
    await letGo(body)
  }
}

const looksAtTheStatus: Work = (context) => askOneByOne(context, async () => {})
const dumps: Work = (context) => askOneByOne(context, (body) => body.dump())

export default defineScenario({
  name: 'timeouts-that-cannot-fire',
  layer: 'backend',
  client: 'undici',
  shows: 'headersTimeout and bodyTimeout of undici do not fire for unread bodies, nor for what queues behind them',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'] }),
  leaky: {
    work: looksAtTheStatus,
    expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED', 'TIMEOUT_INEFFECTIVE'], blockedAtRequest: CONNECTIONS + 1 },
  },
  fixed: { work: dumps, expects: { verdict: 'clean', connectionsAtMost: CONNECTIONS } },
})

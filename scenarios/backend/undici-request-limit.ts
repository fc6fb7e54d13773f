/** undici's own API with 25 connections: one by one it blocks at 26, all at once 15 of 40 queue inside the Pool, where no channel shows them. */
import { Pool } from 'undici'
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import { objectPath } from '../../fixtures/s3-backend/object-path.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const CONNECTIONS = 25
const AT_ONCE = 40
const IDLE_MS = 1_000

function makePool({ backend, handOver }: WorkContext): Pool {
  const pool = new Pool(backend.origin, {
    connections: CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
  })
  handOver(pool)
  return pool
}

async function oneByOneUnread(context: WorkContext): Promise<void> {
  const pool = makePool(context)
  for (let index = 0; index < context.backend.objects; index += 1) {
    context.signal.throwIfAborted()
    const path = await objectPath(context.backend, objectKey(index))
    await pool.request({ path, method: 'GET' })
  }
}

async function oneByOneRead(context: WorkContext): Promise<void> {
  const pool = makePool(context)
  for (let index = 0; index < context.backend.objects; index += 1) {
    const path = await objectPath(context.backend, objectKey(index))
    const { body } = await pool.request({ path, method: 'GET' })
    await body.arrayBuffer()
  }
}

async function allAtOnceUnread(context: WorkContext): Promise<void> {
  const pool = makePool(context)
  const paths = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => objectPath(context.backend, objectKey(index))))
  await Promise.all(paths.map((path) => pool.request({ path, method: 'GET' })))
}

async function allAtOnceRead(context: WorkContext): Promise<void> {
  const pool = makePool(context)
  const paths = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => objectPath(context.backend, objectKey(index))))
  await Promise.all(paths.map(async (path) => (await pool.request({ path, method: 'GET' })).body.arrayBuffer()))
}

const starved = { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: 26 } as const

export default defineScenario({
  name: 'undici-request-limit',
  layer: 'backend',
  client: 'undici',
  shows: 'unread bodies block request 26 of a Pool of 25; the lines of the queued requests are named too',
  backend: s3Backend({ objects: AT_ONCE, sizeBytes: 1_000_000 }),
  limits: 'go-article',
  cases: {
    'one by one': { leaky: { work: oneByOneUnread, expects: starved }, fixed: { work: oneByOneRead, expects: { verdict: 'clean' } } },
    '40 at once': { leaky: { work: allAtOnceUnread, expects: starved }, fixed: { work: allAtOnceRead, expects: { verdict: 'clean' } } },
  },
})

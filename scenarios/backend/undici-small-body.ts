/** Both sides of an edge: below 65,536 bytes undici reads a body by itself into its buffer, and nobody notices that it was forgotten. */
import { Pool } from 'undici'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const CONNECTIONS = 25
const REQUESTS = 60
const IDLE_MS = 1_000
/**
 * undici's body is a Readable, which takes from the socket until its buffer holds as much as its high water mark: 65,536 bytes
 * (Node's default for streams). One byte less and the body arrives whole, so the connection is free again.
 */
const EDGE_BYTES = 65_536

function makePool({ backend, handOver }: WorkContext): Pool {
  const pool = new Pool(backend.origin, {
    connections: CONNECTIONS,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
  })
  handOver(pool)
  return pool
}

const looksAtTheStatusOnly = (sizeBytes: number): Work =>
  async function neverReads(context) {
    const pool = makePool(context)
    for (let sent = 0; sent < REQUESTS; sent += 1) {
      context.signal.throwIfAborted()
      await pool.request({ path: `/plain/${sizeBytes}`, method: 'GET' })
    }
  }

const reads = (sizeBytes: number): Work =>
  async function readsEach(context) {
    const pool = makePool(context)
    for (let sent = 0; sent < REQUESTS; sent += 1) {
      const { body } = await pool.request({ path: `/plain/${sizeBytes}`, method: 'GET' })
      const { byteLength } = await body.arrayBuffer()
      if (byteLength !== sizeBytes) throw new Error(`${byteLength} of ${sizeBytes} bytes came`)
    }
  }

export default defineScenario({
  name: 'undici-small-body',
  layer: 'backend',
  client: 'undici',
  shows: 'an unread body of 65,535 B is harmless, one byte more blocks request 26 of a Pool of 25',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'] }),
  cases: {
    // Nothing to repair here: this is what makes people believe that bodies need not be read.
    [`${EDGE_BYTES - 1}`]: { fixed: { work: looksAtTheStatusOnly(EDGE_BYTES - 1), expects: { verdict: 'clean' } } },
    [`${EDGE_BYTES}`]: {
      leaky: {
        work: looksAtTheStatusOnly(EDGE_BYTES),
        expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: 26 },
      },
      fixed: { work: reads(EDGE_BYTES), expects: { verdict: 'clean' } },
    },
  },
})

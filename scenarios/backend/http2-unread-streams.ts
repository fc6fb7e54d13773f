/** Over HTTP/2 a hundred unread bodies hide behind one socket: counters of sockets and descriptors see nothing, and request 101 waits. */
import { H2CClient } from 'undici'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

/** What undici allows itself on one connection by default (maxConcurrentStreams), said aloud. */
const STREAMS = 100
const REQUESTS = 120
/** More than the 65,536 bytes that undici reads into its buffer by itself. */
const SIZE_BYTES = 70_000

/** HTTP/2 without TLS, as between the nodes of a cluster. */
function makeClient({ backend, handOver }: WorkContext): H2CClient {
  const client = new H2CClient(backend.origin, { maxConcurrentStreams: STREAMS, pipelining: STREAMS })
  handOver(client)
  return client
}

async function looksAtTheStatusOnly(context: WorkContext): Promise<void> {
  const client = makeClient(context)
  for (let sent = 0; sent < REQUESTS; sent += 1) {
    context.signal.throwIfAborted()
    await client.request({ path: `/plain/${SIZE_BYTES}`, method: 'GET' })
  }
}

async function readsEach(context: WorkContext): Promise<void> {
  const client = makeClient(context)
  for (let sent = 0; sent < REQUESTS; sent += 1) {
    const { body } = await client.request({ path: `/plain/${SIZE_BYTES}`, method: 'GET' })
    const { byteLength } = await body.arrayBuffer()
    if (byteLength !== SIZE_BYTES) throw new Error(`${byteLength} of ${SIZE_BYTES} bytes came`)
  }
  // undici keeps an HTTP/2 session for as long as it is not told otherwise.
  await client.close()
}

export default defineScenario({
  name: 'http2-unread-streams',
  layer: 'backend',
  client: 'undici h2c',
  shows: 'a hundred unread streams of HTTP/2 hold one socket, and request 101 never gets a stream',
  backend: s3Backend({ objects: 0, sizeBytes: 0, http2: {} }),
  leaky: {
    work: looksAtTheStatusOnly,
    expects: { verdict: 'leaked', codes: ['H2_STREAM_OPEN', 'POOL_STARVED'], blockedAtRequest: STREAMS + 1, connectionsAtMost: 1 },
  },
  fixed: { work: readsEach, expects: { verdict: 'clean', connectionsAtMost: 1 } },
})

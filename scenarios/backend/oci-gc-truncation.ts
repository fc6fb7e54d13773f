/**
 * Oracle's SDK hands out `response.body` and drops the Response. Whoever keeps the stream for later loses its data to garbage collection, with no error;
 * and each loss gives a connection back, so that the pool of 25 blocks later than it should.
 */
import { createHash } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ObjectStorageClient } from 'oci-objectstorage'
import { Agent, setGlobalDispatcher } from 'undici'
import { OCI_NAMESPACE, ociClient } from '../../fixtures/emulators/oci.ts'
import { contentChunks } from '../../fixtures/s3-backend/content.ts'
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const CONNECTIONS = 25
const OBJECTS = 40
const SIZE_BYTES = 1_000_000
/** Longer than a busy machine pauses between two requests: what closes by itself there would count as one connection more. */
const IDLE_MS = 3_000
/** As many the collector took before the pool was full when this was met first (facts.md): 25 + 2 + the one that waits = 28. */
const RESCUED = 2
/** The first takes the Responses and cancels their bodies; what outlives the next ones is held by somebody. */
const COLLECTIONS = 6

/** The SDK asks by built-in fetch, whose limits are those of the global dispatcher. */
function limitFetch({ handOver }: WorkContext): void {
  const agent = new Agent({ connections: CONNECTIONS, keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })
  setGlobalDispatcher(agent)
  handOver(agent)
}

type Stream = AsyncIterable<Uint8Array>

async function open(client: ObjectStorageClient, { backend }: WorkContext, index: number): Promise<Stream> {
  const { value } = await client.getObject({ namespaceName: OCI_NAMESPACE, bucketName: backend.bucket, objectName: objectKey(index) })
  return value as Stream
}

/** What every process comes to sooner or later, at a moment of our choosing: left to itself, the number would be a toss of coins. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let turn = 0; turn < COLLECTIONS; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    collect()
  }
}

/** Streams to be read when all have come. */
const streams: Stream[] = []

async function keepsTheStreams(context: WorkContext): Promise<void> {
  limitFetch(context)
  const held: Response[] = []
  // From the third on somebody holds the Responses as well (a log, a trace), so that no collection nobody asked for changes the number.
  const client = await ociClient(context.backend, (response) => void (streams.length >= RESCUED && held.push(response)))
  for (let index = 0; index < OBJECTS; index += 1) {
    context.signal.throwIfAborted()
    streams.push(await open(client, context, index))
    if (streams.length === RESCUED) await collectGarbage()
  }
}

async function readsAtOnce(context: WorkContext): Promise<void> {
  limitFetch(context)
  const client = await ociClient(context.backend)
  for (let index = 0; index < OBJECTS; index += 1) {
    const [came, stored] = [createHash('sha256'), createHash('sha256')]
    for await (const chunk of await open(client, context, index)) came.update(chunk)
    for (const chunk of contentChunks(objectKey(index), SIZE_BYTES)) stored.update(chunk)
    if (!came.digest().equals(stored.digest())) throw new Error(`${objectKey(index)} is not what was stored`)
    if (index === RESCUED) await collectGarbage()
  }
  client.shutdownCircuitBreaker()
}

export default defineScenario({
  name: 'oci-gc-truncation',
  layer: 'backend',
  client: 'oci',
  shows:
    "Oracle's SDK drops the Response and keeps its body: garbage collection empties two held streams without an error, and 25 connections block at 28",
  backend: s3Backend({ objects: OBJECTS, sizeBytes: SIZE_BYTES, kinds: ['embedded'] }),
  leaky: {
    work: keepsTheStreams,
    expects: { verdict: 'leaked', codes: ['TRUNCATED_BY_GC', 'UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: CONNECTIONS + RESCUED + 1 },
  },
  fixed: { work: readsAtOnce, expects: { verdict: 'clean', connectionsAtMost: 3 } },
})

/** Google's own SDK knows no limit either: a read stream that was begun and is not read on keeps its connection, and nothing ever blocks to tell of it. */
import { once } from 'node:events'
import type { Bucket } from '@google-cloud/storage'
import { gcsBackend } from '../../fixtures/emulators/gcs-backend.ts'
import { objectKey } from '../../fixtures/s3-backend/index.ts'
import type { BackendAddress, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

type Decorated = ReturnType<Bucket['interceptors'][number]['request']>

/** So many downloads, of one object: a second one would show nothing more. */
const DOWNLOADS = 30
const SIZE_BYTES = 1_000_000
/** Longer than a busy machine pauses between two requests, or the second takes a connection of its own. */
const IDLE_MS = 3_000

async function openBucket({ origin, bucket }: BackendAddress): Promise<Bucket> {
  // Here: for everybody who only lists scenarios it would be half a second.
  const { Storage } = await import('@google-cloud/storage')
  const storage = new Storage({ apiEndpoint: origin, projectId: 'watertight', retryOptions: { autoRetry: false } })
  return storage.bucket(bucket)
}

async function sniffOnly({ backend, signal }: WorkContext): Promise<void> {
  const bucket = await openBucket(backend)
  for (let index = 0; index < DOWNLOADS; index += 1) {
    signal.throwIfAborted()
    const stream = bucket.file(objectKey(0)).createReadStream()
    await once(stream, 'readable')
  }
}

async function downloadWhole({ backend, signal }: WorkContext): Promise<void> {
  const bucket = await openBucket(backend)
  // The SDK's agent has no idle timeout unless it is handed one.
  bucket.interceptors.push({ request: (options) => Object.assign(options, { pool: { timeout: IDLE_MS } }) as Decorated })
  let bytes = 0
  for (let index = 0; index < DOWNLOADS; index += 1) {
    signal.throwIfAborted()
    const [content] = await bucket.file(objectKey(0)).download()
    bytes += content.length
  }
  if (bytes !== DOWNLOADS * SIZE_BYTES) throw new Error(`${bytes} bytes came, not ${DOWNLOADS * SIZE_BYTES}`)
}

export default defineScenario({
  name: 'gcs-unbounded',
  layer: 'backend',
  client: 'gcs',
  shows: 'with the Google Cloud SDK every read stream that is not read to its end holds a connection of its own, without a limit',
  backend: gcsBackend({ objects: 1, sizeBytes: SIZE_BYTES }),
  limits: 'gcs',
  leaky: { work: sniffOnly, expects: { verdict: 'leaked', codes: ['UNREAD_BODY'] } },
  fixed: { work: downloadWhole, expects: { verdict: 'clean', connectionsAtMost: 2 } },
})

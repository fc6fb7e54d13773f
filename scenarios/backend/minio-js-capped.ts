/** minio-js with an Agent of 25 connections: what was without bound before blocks at the 26th body. */

import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import { minioClient } from '../../fixtures/s3-backend/minio-client.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent } from '../node-http.ts'

const OBJECTS = 60
const CONNECTIONS = 25
/** Longer than a busy machine pauses between two requests, or the second takes a connection of its own. */
const IDLE_MS = 3_000

const agent = (): Agent => new Agent({ keepAlive: true, maxSockets: CONNECTIONS, timeout: IDLE_MS })

async function openWithoutReading({ backend, signal }: WorkContext): Promise<void> {
  const minio = minioClient(backend, agent())
  for (let index = 0; index < backend.objects; index += 1) {
    signal.throwIfAborted()
    await minio.getObject(backend.bucket, objectKey(index))
  }
}

async function readEach({ backend }: WorkContext): Promise<void> {
  const minio = minioClient(backend, agent())
  for (let index = 0; index < backend.objects; index += 1) {
    let bytes = 0
    for await (const chunk of await minio.getObject(backend.bucket, objectKey(index))) bytes += (chunk as Buffer).length
    if (bytes !== backend.sizeBytes) throw new Error(`${objectKey(index)} has ${bytes} bytes, not ${backend.sizeBytes}`)
  }
}

export default defineScenario({
  name: 'minio-js-capped',
  layer: 'backend',
  client: 'minio-js',
  shows: 'with an Agent of 25 connections the 26th unread body of minio-js blocks',
  backend: s3Backend({ objects: OBJECTS, sizeBytes: 1_000_000 }),
  limits: 'go-article',
  leaky: {
    work: openWithoutReading,
    expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: CONNECTIONS + 1 },
  },
  fixed: { work: readEach, expects: { verdict: 'clean', connectionsAtMost: 2 } },
})

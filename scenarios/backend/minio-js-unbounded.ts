/** minio-js as it comes has no limit: a body that nobody reads takes a connection, the next one another, for as long as there are descriptors. */
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import { minioClient } from '../../fixtures/s3-backend/minio-client.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const OBJECTS = 60

async function openWithoutReading({ backend }: WorkContext): Promise<void> {
  const minio = minioClient(backend)
  for (let index = 0; index < backend.objects; index += 1) await minio.getObject(backend.bucket, objectKey(index))
}

async function readEach({ backend }: WorkContext): Promise<void> {
  const minio = minioClient(backend)
  for (let index = 0; index < backend.objects; index += 1) {
    let bytes = 0
    for await (const chunk of await minio.getObject(backend.bucket, objectKey(index))) bytes += (chunk as Buffer).length
    if (bytes !== backend.sizeBytes) throw new Error(`${objectKey(index)} has ${bytes} bytes, not ${backend.sizeBytes}`)
  }
}

export default defineScenario({
  name: 'minio-js-unbounded',
  layer: 'backend',
  client: 'minio-js',
  shows: 'minio-js has no limit: 60 bodies that nobody reads hold 60 connections, and nothing ever blocks',
  backend: s3Backend({ objects: OBJECTS, sizeBytes: 1_000_000 }),
  leaky: { work: openWithoutReading, expects: { verdict: 'leaked', codes: ['UNREAD_BODY'] } },
  fixed: { work: readEach, expects: { verdict: 'clean', connectionsAtMost: 2 } },
})

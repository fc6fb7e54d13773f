/** The same forgetting with the SDK's own defaults: 50 sockets, and not a word of warning. */
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { BackendAddress, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

function makeClient({ origin, region, credentials }: BackendAddress): S3Client {
  return new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true })
}

async function getWithoutReading({ backend, signal }: WorkContext): Promise<void> {
  const s3 = makeClient(backend)
  for (let index = 0; index < backend.objects; index += 1) {
    signal.throwIfAborted()
    await s3.send(new GetObjectCommand({ Bucket: backend.bucket, Key: objectKey(index) }))
  }
}

async function getAndRead({ backend, signal }: WorkContext): Promise<void> {
  const s3 = makeClient(backend)
  for (let index = 0; index < backend.objects; index += 1) {
    signal.throwIfAborted()
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: backend.bucket, Key: objectKey(index) }))
    await Body?.transformToByteArray()
  }
  // The SDK's agent has no idle timeout: without this its connection would outlive the work.
  s3.destroy()
}

export default defineScenario({
  name: 'aws-default-50',
  layer: 'backend',
  client: 'aws-sdk',
  shows: 'with SDK defaults unread GetObject bodies block request 51, and the SDK gives no warning',
  backend: s3Backend({ objects: 60, sizeBytes: 1_000_000 }),
  limits: 'aws-sdk',
  leaky: { work: getWithoutReading, expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: 51 } },
  fixed: { work: getAndRead, expects: { verdict: 'clean' } },
})

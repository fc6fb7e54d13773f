/** The AWS SDK sets no idle timeout and MinIO sends no hint, so its connections go when the server closes them: after 30 s, not after 6. */

import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent } from '../node-http.ts'

const OBJECTS = 10
const SIZE_BYTES = 100_000
/** AIStore's default idle time for clouds (facts.md). */
const IDLE_MS = 6_000
/** What is negotiated is met within this. */
const TOLERANCE_MS = 1_000

/** All at once, so that there is a connection for each; every body is read. */
async function getAll({ backend }: WorkContext, s3: S3Client): Promise<void> {
  async function getOne(index: number): Promise<number> {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: backend.bucket, Key: objectKey(index) }))
    return (await Body?.transformToByteArray())?.byteLength ?? 0
  }
  const lengths = await Promise.all(Array.from({ length: OBJECTS }, (_, index) => getOne(index)))
  if (lengths.some((length) => length !== SIZE_BYTES)) throw new Error(`not every object had its ${SIZE_BYTES} bytes: ${lengths}`)
}

async function trustsTheDefaults(context: WorkContext): Promise<void> {
  const { origin, region, credentials } = context.backend
  await getAll(context, new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true }))
}

async function setsATimeout(context: WorkContext): Promise<void> {
  const { origin, region, credentials } = context.backend
  const requestHandler = new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true, timeout: IDLE_MS }) })
  await getAll(context, new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true, requestHandler }))
}

export default defineScenario({
  name: 'aws-idle-on-minio',
  layer: 'backend',
  client: 'aws-sdk',
  shows: 'idle connections of the AWS SDK outlive 6 s on MinIO: the client has no idle timeout, the server closes at 30 s',
  backend: s3Backend({ objects: OBJECTS, sizeBytes: SIZE_BYTES, kinds: ['minio'] }),
  limits: 'aws-sdk',
  idleTimeoutMs: IDLE_MS + TOLERANCE_MS,
  leaky: { work: trustsTheDefaults, expects: { verdict: 'leaked', codes: ['IDLE_PAST_DEADLINE'] } },
  fixed: { work: setsATimeout, expects: { verdict: 'clean', connectionsAtMost: OBJECTS } },
})

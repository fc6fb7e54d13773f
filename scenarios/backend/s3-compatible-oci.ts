/** Oracle's Object Storage by its S3-compatible API: path style, no checksums of the SDK's own. Then the body is the response itself, and is forgotten as easily. */
import { createHash } from 'node:crypto'
import { GetObjectCommand, type GetObjectCommandOutput, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { contentChunks } from '../../fixtures/s3-backend/content.ts'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { BackendAddress, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent } from '../node-http.ts'

const CONNECTIONS = 25
const OBJECTS = 40
const SIZE_BYTES = 1_000_000
/** Longer than a busy machine pauses between two requests: what closes by itself there would count as one connection more. */
const IDLE_MS = 3_000

/** As Oracle's documentation has it for `<namespace>.compat.objectstorage.<region>.oraclecloud.com`; here the endpoint is the scenario's backend. */
function makeClient({ origin, region, credentials }: BackendAddress): S3Client {
  const httpAgent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, timeout: IDLE_MS })
  return new S3Client({
    endpoint: origin,
    region,
    credentials,
    forcePathStyle: true,
    // The compatible API refuses the trailing checksums that SDKs send by default since 2025.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new NodeHttpHandler({ httpAgent }),
  })
}

async function getEach(
  { backend, signal }: WorkContext,
  s3: S3Client,
  use: (object: GetObjectCommandOutput, key: string) => Promise<void>,
): Promise<void> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: backend.bucket }))
  for (const { Key = '' } of Contents) {
    signal.throwIfAborted()
    await use(await s3.send(new GetObjectCommand({ Bucket: backend.bucket, Key })), Key)
  }
}

async function looksAtTheHeaders(context: WorkContext): Promise<void> {
  await getEach(context, makeClient(context.backend), async ({ ContentLength }, key) => {
    if (ContentLength !== SIZE_BYTES) throw new Error(`${key} has ${ContentLength} bytes`)
  })
}

async function readsEach(context: WorkContext): Promise<void> {
  let whole = 0
  await getEach(context, makeClient(context.backend), async ({ Body }, key) => {
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array()
    const hash = createHash('sha256')
    for (const chunk of contentChunks(key, SIZE_BYTES)) hash.update(chunk)
    if (!hash.digest().equals(createHash('sha256').update(bytes).digest())) throw new Error(`${key} is not what was stored`)
    whole += 1
  })
  if (whole !== OBJECTS) throw new Error(`${whole} of ${OBJECTS} objects came`)
}

export default defineScenario({
  name: 's3-compatible-oci',
  layer: 'backend',
  client: 'aws-sdk',
  shows: "Oracle's S3-compatible API is no different: unread bodies block request 26 of 25 connections",
  backend: s3Backend({ objects: OBJECTS, sizeBytes: SIZE_BYTES, kinds: ['embedded', 'minio'] }),
  leaky: { work: looksAtTheHeaders, expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: 26 } },
  fixed: { work: readsEach, expects: { verdict: 'clean', connectionsAtMost: 2 } },
})

/** The batch job of "Scaling Network Concurrency in Go", told with the AWS SDK: list, get, transform, batch, re-upload to another bucket. */
import { createHash } from 'node:crypto'
import { Agent } from 'node:http'
import { GetObjectCommand, type GetObjectCommandOutput, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import { type BackendAddress, defineScenario, type WorkContext } from '../../harness/index.ts'

/** Connections per host in the article's http.Transport. */
const CONNECTIONS_PER_HOST = 25
/** Objects in one batch that is uploaded again. */
const BATCH = 10

function makeClient({ origin, region, credentials }: BackendAddress): S3Client {
  const httpAgent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_PER_HOST, timeout: 2_000 })
  return new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true, requestHandler: new NodeHttpHandler({ httpAgent }) })
}

async function listKeys(s3: S3Client, Bucket: string): Promise<readonly string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
  return Contents.flatMap(({ Key }) => Key ?? [])
}

/** Looks at each object's metadata on the way and never touches a body. */
async function copyWithoutReading({ backend, signal }: WorkContext): Promise<void> {
  const s3 = makeClient(backend)
  const { bucket: Bucket } = backend
  let batch: GetObjectCommandOutput[] = []
  for (const Key of await listKeys(s3, Bucket)) {
    signal.throwIfAborted()
    const object = await s3.send(new GetObjectCommand({ Bucket, Key }))
    batch.push(object)
    if (batch.length === BATCH) batch = []
  }
  s3.destroy()
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Reads every body, uploads batch by batch, and compares what arrived with what was read. */
async function copyAndVerify({ backend, signal }: WorkContext): Promise<void> {
  const s3 = makeClient(backend)
  const { bucket, targetBucket } = backend
  const keys = await listKeys(s3, bucket)
  for (let start = 0; start < keys.length; start += BATCH) {
    signal.throwIfAborted()
    await Promise.all(keys.slice(start, start + BATCH).map((key) => copyOne(s3, bucket, targetBucket, key)))
  }
  const copied = await listKeys(s3, targetBucket)
  if (copied.length !== backend.objects) throw new Error(`${copied.length} of ${backend.objects} objects were copied`)
  s3.destroy()
}

async function copyOne(s3: S3Client, from: string, to: string, Key: string): Promise<void> {
  const original = await readObject(s3, from, Key)
  await s3.send(new PutObjectCommand({ Bucket: to, Key, Body: original }))
  const copy = await readObject(s3, to, Key)
  if (digest(copy) !== digest(original)) throw new Error(`${Key} arrived different from what was sent`)
}

async function readObject(s3: S3Client, Bucket: string, Key: string): Promise<Uint8Array> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
  if (Body === undefined) throw new Error(`${Key} came without a body`)
  return Body.transformToByteArray()
}

export default defineScenario({
  name: 'article-batch-copy',
  layer: 'backend',
  client: 'aws-sdk',
  shows: 'GetObject bodies that nobody closes fill a pool of 25 and block request 26',
  backend: s3Backend({ objects: 60, sizeBytes: 1_000_000 }),
  limits: 'go-article',
  leaky: { work: copyWithoutReading, expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: 26 } },
  fixed: { work: copyAndVerify, expects: { verdict: 'clean' } },
})

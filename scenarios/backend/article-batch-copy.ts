/** The batch job of "Scaling Network Concurrency in Go", told with the AWS SDK: list, get, transform, batch, re-upload to another bucket. */
import { createHash } from 'node:crypto'
import { GetObjectCommand, type GetObjectCommandOutput, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { BackendAddress, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent } from '../node-http.ts'

/** Connections per host in the article's http.Transport. */
const CONNECTIONS_PER_HOST = 25
/** Objects in one batch that is uploaded again: more than there are connections, so that the first upload is never reached when bodies stay open. */
const BATCH = 30
/** Idle connections close well within the contract of 6 s. */
const IDLE_MS = 2_000

function makeClient({ origin, region, credentials }: BackendAddress): S3Client {
  const httpAgent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_PER_HOST, timeout: IDLE_MS })
  return new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true, requestHandler: new NodeHttpHandler({ httpAgent }) })
}

/** What becomes of one object on its way to the other bucket. */
interface Copy {
  readonly Key: string
  readonly Body: Uint8Array | string
}
type Transform = (Key: string, object: GetObjectCommandOutput) => Promise<Copy>

/** The job itself, the same for both variants: list, get and transform one by one, upload batch by batch. */
async function copyAll({ backend, signal }: WorkContext, s3: S3Client, transform: Transform): Promise<void> {
  const { bucket: Bucket, targetBucket } = backend
  let batch: Copy[] = []
  const keys = await listKeys(s3, Bucket)
  for (const Key of keys) {
    signal.throwIfAborted()
    const object = await s3.send(new GetObjectCommand({ Bucket, Key }))
    batch.push(await transform(Key, object))
    if (batch.length === BATCH || Key === keys.at(-1)) {
      await Promise.all(batch.map((copy) => s3.send(new PutObjectCommand({ Bucket: targetBucket, ...copy }))))
      batch = []
    }
  }
}

async function listKeys(s3: S3Client, Bucket: string): Promise<readonly string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
  return Contents.flatMap(({ Key }) => Key ?? [])
}

/** Looks at what the headers say, and never touches the body. */
const fromHeaders: Transform = async (Key, { ContentLength, LastModified }) => ({
  Key,
  Body: JSON.stringify({ ContentLength, LastModified }),
})

/** Reads the body to its end. */
const fromBody: Transform = async (Key, { Body }) => {
  if (Body === undefined) throw new Error(`${Key} came without a body`)
  return { Key, Body: await Body.transformToByteArray() }
}

async function copyWithoutReading(context: WorkContext): Promise<void> {
  const s3 = makeClient(context.backend)
  await copyAll(context, s3, fromHeaders)
  s3.destroy()
}

/** Copies, then fetches every copy and compares its digest with what was sent. */
async function copyAndVerify(context: WorkContext): Promise<void> {
  const { targetBucket, objects } = context.backend
  const s3 = makeClient(context.backend)
  const digests = new Map<string, string>()
  await copyAll(context, s3, async (Key, object) => {
    const copy = await fromBody(Key, object)
    digests.set(Key, digest(copy.Body))
    return copy
  })
  for (const Key of await listKeys(s3, targetBucket)) {
    const { Body } = await fromBody(Key, await s3.send(new GetObjectCommand({ Bucket: targetBucket, Key })))
    if (digest(Body) !== digests.get(Key)) throw new Error(`${Key} arrived different from what was sent`)
    digests.delete(Key)
  }
  if (digests.size > 0) throw new Error(`${digests.size} of ${objects} objects did not arrive`)
  s3.destroy()
}

const digest = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

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

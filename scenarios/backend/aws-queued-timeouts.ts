/**
 * Two bodies nobody read hold both connections, and the third request waits in the Agent's queue. The SDK's connectionTimeout counts that as connecting: after a
 * second it says that no connection to the server could be established, and whoever reads that looks for the fault in the network.
 */

import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent } from '../node-http.ts'

const CONNECTIONS = 2
const REQUESTS = 4
const CONNECTION_TIMEOUT_MS = 1_000
const IDLE_MS = 1_000
const SIZE_BYTES = 1_000_000

/** What becomes of one answer. */
type Use = (body: { transformToByteArray(): Promise<Uint8Array> }) => Promise<void>

async function getOneByOne({ backend, signal }: WorkContext, use: Use): Promise<void> {
  const { origin, region, credentials, bucket: Bucket } = backend
  const httpAgent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, timeout: IDLE_MS })
  const requestHandler = new NodeHttpHandler({ httpAgent, connectionTimeout: CONNECTION_TIMEOUT_MS })
  // One attempt: another would wait its second as well.
  const s3 = new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true, requestHandler, maxAttempts: 1 })
  for (let index = 0; index < REQUESTS; index += 1) {
    signal.throwIfAborted()
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: objectKey(index) }))
    if (Body === undefined) throw new Error(`${objectKey(index)} came without a body`)
    await use(Body)
  }
}

const forgets = (context: WorkContext): Promise<void> => getOneByOne(context, async () => {})

const drains = (context: WorkContext): Promise<void> =>
  getOneByOne(context, async (body) => {
    const { byteLength } = await body.transformToByteArray()
    if (byteLength !== SIZE_BYTES) throw new Error(`${byteLength} of ${SIZE_BYTES} bytes came`)
  })

export default defineScenario({
  name: 'aws-queued-timeouts',
  layer: 'backend',
  client: 'aws-sdk',
  shows: 'behind two unread bodies the SDK says after 1 s that it could not connect: it was queued, not connecting',
  backend: s3Backend({ objects: REQUESTS, sizeBytes: SIZE_BYTES, kinds: ['embedded'] }),
  leaky: { work: forgets, expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: CONNECTIONS + 1 } },
  fixed: { work: drains, expects: { verdict: 'clean', connectionsAtMost: CONNECTIONS } },
})

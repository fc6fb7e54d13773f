/** A service hands objects on from storage; its clients leave in mid-body. With pipe() what it asked of the storage goes on for nobody. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from '../node-http.ts'

const OBJECTS = 4
/** More than the sockets on the way take in (10 MB for each connection at most by default): no body ends unread. */
const SIZE_BYTES = 32_000_000
const IDLE_MS = 1_000

/** Sends a body on to a client, until it is sent or the client has gone. */
type HandOn = (body: Readable, response: ServerResponse) => Promise<void>

const piped: HandOn = async (body, response) => {
  body.pipe(response)
}

const tornDownTogether: HandOn = (body, response) => pipeline(body, response).catch(() => {})

const proxies = (handOn: HandOn): Work =>
  async function clientsLeave({ backend }) {
    const { origin, region, credentials, bucket: Bucket } = backend
    const httpAgent = new Agent({ keepAlive: true, timeout: IDLE_MS })
    const requestHandler = new NodeHttpHandler({ httpAgent })
    const s3 = new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true, requestHandler })
    const proxy = createServer(async ({ url }, response) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: url?.slice(1) }))
      await handOn(Body as Readable, response)
    })
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
    const { port } = proxy.address() as AddressInfo
    for (let index = 0; index < backend.objects; index += 1) await readTheBeginning(port, objectKey(index))
    await new Promise((resolve) => proxy.close(resolve))
  }

async function readTheBeginning(port: number, key: string): Promise<void> {
  const asked = get({ host: '127.0.0.1', port, path: `/${key}`, agent: false })
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  await once(answer, 'readable')
  if (answer.read() === null) throw new Error(`the answer for ${key} has no body`)
  answer.destroy()
}

export default defineScenario({
  name: 'upstream-not-cancelled',
  layer: 'server',
  client: 'aws-sdk',
  shows: 'clients of a proxy leave in mid-body: with pipe() the requests to the storage behind it go on for nobody',
  backend: s3Backend({ objects: OBJECTS, sizeBytes: SIZE_BYTES }),
  leaky: { work: proxies(piped), expects: { verdict: 'leaked', codes: ['UPSTREAM_NOT_CANCELLED'] } },
  fixed: { work: proxies(tornDownTogether), expects: { verdict: 'clean' } },
})

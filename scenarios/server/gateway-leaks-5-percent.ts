/** A real HTTP service in front of storage: it answers with the digest of an object. Every twentieth request takes a path that forgets the body. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Service, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent, createServer, type ServerResponse } from '../node-http.ts'

/** 5 %: one request in twenty. */
const LEAK_EVERY = 20
const OBJECTS = 20
/** Four times what is read for nobody: small enough that reading 190 of them is not what the load is about. */
const SIZE_BYTES = 256_000
const CONNECTIONS_PER_HOST = 50
const IDLE_MS = 1_000
const LOAD = { path: '/', connections: 8, amount: 200 }

async function serveGateway({ backend }: WorkContext, leaks: boolean): Promise<Service> {
  const httpAgent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_PER_HOST, timeout: IDLE_MS })
  const { origin, region, credentials, bucket } = backend
  const s3 = new S3Client({
    endpoint: origin,
    region,
    credentials,
    forcePathStyle: true,
    requestHandler: new NodeHttpHandler({ httpAgent }),
  })
  let served = 0

  async function handle(response: ServerResponse): Promise<void> {
    served += 1
    const isForgetful = leaks && served % LEAK_EVERY === 0
    const { Body, ContentLength } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: objectKey(served % OBJECTS) }))
    if (isForgetful) {
      response.end(`${ContentLength} bytes`)
      return
    }
    if (Body === undefined) throw new Error('an object came without a body')
    response.end(
      createHash('sha256')
        .update(await Body.transformToByteArray())
        .digest('hex'),
    )
  }

  const server = createServer((_request, response) => {
    handle(response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      s3.destroy()
    },
  }
}

export default defineScenario({
  name: 'gateway-leaks-5-percent',
  layer: 'server',
  client: 'aws-sdk',
  shows: 'a service that forgets one body in twenty under load is found at the line of its handler',
  backend: s3Backend({ objects: OBJECTS, sizeBytes: SIZE_BYTES }),
  leaky: { serve: (context) => serveGateway(context, true), load: LOAD, expects: { verdict: 'leaked', codes: ['UNREAD_BODY'] } },
  fixed: { serve: (context) => serveGateway(context, false), load: LOAD, expects: { verdict: 'clean' } },
})

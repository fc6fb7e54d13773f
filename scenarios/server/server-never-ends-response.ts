/** A gallery in front of storage: photos are handed on, albums are counted. The route of the albums writes its answer and forgets to end it. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Service, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent, createServer, type IncomingMessage, type ServerResponse } from '../node-http.ts'

const OBJECTS = 9
const IDLE_MS = 1_000
/** Nine photos, then an album: each connection comes to the album in its tenth request, and stays there. */
const PATHS = [...Array.from({ length: OBJECTS }, (_, photo) => `/photos/${photo}`), '/albums/summer', '/albums/winter']
const LOAD = { path: PATHS, connections: 8, amount: 8 * PATHS.length }

async function serveGallery({ backend }: WorkContext, forgets: boolean): Promise<Service> {
  const { origin, region, credentials, bucket: Bucket } = backend
  const httpAgent = new Agent({ keepAlive: true, maxSockets: 50, timeout: IDLE_MS })
  const s3 = new S3Client({
    endpoint: origin,
    region,
    credentials,
    forcePathStyle: true,
    requestHandler: new NodeHttpHandler({ httpAgent }),
  })

  async function showPhoto(photo: number, response: ServerResponse): Promise<void> {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: objectKey(photo) }))
    await pipeline(Body as IncomingMessage, response)
  }

  async function countAlbum(response: ServerResponse): Promise<void> {
    const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket }))
    response.writeHead(200, { 'content-type': 'text/plain' })
    if (forgets) response.write(`${KeyCount} photos`)
    else response.end(`${KeyCount} photos`)
  }

  const server = createServer((request, response) => {
    const [, folder, name] = (request.url ?? '/').split('/')
    const answered = folder === 'albums' ? countAlbum(response) : showPhoto(Number(name), response)
    answered.catch(() => response.destroy())
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
  name: 'server-never-ends-response',
  layer: 'server',
  client: 'aws-sdk',
  shows: 'a route that forgets to end its response is named, while the load still waits for it',
  backend: s3Backend({ objects: OBJECTS, sizeBytes: 100_000 }),
  leaky: { serve: (context) => serveGallery(context, true), load: LOAD, expects: { verdict: 'leaked', codes: ['RESPONSE_NEVER_ENDED'] } },
  fixed: { serve: (context) => serveGallery(context, false), load: LOAD, expects: { verdict: 'clean' } },
})

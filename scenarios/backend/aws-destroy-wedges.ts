/** destroy() is not always release: with one of three versions of @smithy/core every body is destroyed, as good code should, and the client wedges all the same. */

import type { S3Client as TodaysS3Client } from '@aws-sdk/client-s3'
import { loadWedgingS3 } from '../../fixtures/packages/wedging-s3.ts'
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { BackendAddress, Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent } from '../node-http.ts'

const CONNECTIONS = 2
const OBJECTS = 12
const SIZE_BYTES = 1_000_000
const IDLE_MS = 1_000

/** Both SDKs, as far as they are used here. */
interface Sdk {
  readonly S3Client: typeof TodaysS3Client
  readonly GetObjectCommand: typeof import('@aws-sdk/client-s3').GetObjectCommand
}

const wedging = async (): Promise<Sdk> => (await loadWedgingS3()) as unknown as Sdk
const todays = (): Promise<Sdk> => import('@aws-sdk/client-s3')

function makeClient({ origin, region, credentials }: BackendAddress, { S3Client }: Sdk): TodaysS3Client {
  const httpAgent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, timeout: IDLE_MS })
  return new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true, maxAttempts: 1, requestHandler: { httpAgent } })
}

/** Looks at each object's headers and lets go of its body. The backend sends checksums, as S3 does: without one the SDK hands out the response itself. */
const eachInTurn = (load: () => Promise<Sdk>, letGoBy: 'destroy' | 'abort'): Work =>
  async function sizesOfAll({ backend, signal }: WorkContext) {
    const sdk = await load()
    const s3 = makeClient(backend, sdk)
    let bytes = 0
    for (let index = 0; index < OBJECTS; index += 1) {
      signal.throwIfAborted()
      const letGo = new AbortController()
      const command = new sdk.GetObjectCommand({ Bucket: backend.bucket, Key: objectKey(index) })
      const { Body, ContentLength = 0 } = await s3.send(command, { abortSignal: letGo.signal })
      const body = Body as unknown as import('node:stream').Readable
      body.on('error', () => {})
      if (letGoBy === 'abort') letGo.abort()
      else body.destroy()
      bytes += ContentLength
    }
    s3.destroy()
    if (bytes !== OBJECTS * SIZE_BYTES) throw new Error(`${bytes} bytes were announced for ${OBJECTS} objects of ${SIZE_BYTES}`)
  }

const wedged = { verdict: 'leaked', codes: ['LOST_POOL_SLOT', 'POOL_STARVED'], blockedAtRequest: CONNECTIONS + 1 } as const

export default defineScenario({
  name: 'aws-destroy-wedges',
  layer: 'backend',
  client: 'aws-sdk',
  shows:
    'with @smithy/core 3.24.5 a destroyed body keeps its connection: 2 sockets are wedged after 2 objects; 3.27.0 mends it, and abort always works',
  backend: s3Backend({ objects: OBJECTS, sizeBytes: SIZE_BYTES, kinds: ['embedded'] }),
  cases: {
    'update the SDK': {
      leaky: { work: eachInTurn(wedging, 'destroy'), expects: wedged },
      fixed: { work: eachInTurn(todays, 'destroy'), expects: { verdict: 'clean' } },
    },
    'abort instead': { fixed: { work: eachInTurn(wedging, 'abort'), expects: { verdict: 'clean' } } },
  },
})

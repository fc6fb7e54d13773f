/** Every body is read, and 200 connections stay: each call makes a client of its own, and each client keeps its one connection warm. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { BackendAddress, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const CALLS = 200
const SIZE_BYTES = 1_000
/** Longer than the contract, as users set it who want warm connections; undici's own 4 s would hide most of the 200 on a slow machine. */
const WARM_MS = 60_000

/** A way to get one object and read it. `close` lets go of what the client keeps. */
interface Client {
  getLength(): Promise<number>
  close(): void | Promise<void>
}

type MakeClient = (address: BackendAddress) => Client
/** Its library is loaded once, by the case that runs it: what each call makes is a client. */
type Load = () => Promise<MakeClient>

const awsSdk: Load = async () => {
  const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
  return function makeS3({ origin, region, credentials, bucket }) {
    const s3 = new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true })
    return {
      async getLength() {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: objectKey(0) }))
        return (await Body?.transformToByteArray())?.byteLength ?? 0
      },
      close: () => s3.destroy(),
    }
  }
}

const undici: Load = async () => {
  const { Pool } = await import('undici')
  return function makePool({ origin }) {
    const pool = new Pool(origin, { keepAliveTimeout: WARM_MS })
    return {
      async getLength() {
        const { body } = await pool.request({ path: `/plain/${SIZE_BYTES}`, method: 'GET' })
        return (await body.arrayBuffer()).byteLength
      },
      close: () => pool.close(),
    }
  }
}

const nodeHttp: Load = async () => {
  const { Agent, get } = await import('../node-http.ts')
  return function makeAgent({ origin }) {
    const agent = new Agent({ keepAlive: true })
    return {
      async getLength() {
        const asked = get(`${origin}/plain/${SIZE_BYTES}`, { agent })
        const [response] = (await once(asked, 'response')) as [IncomingMessage]
        let length = 0
        for await (const chunk of response as AsyncIterable<Buffer>) length += chunk.length
        return length
      },
      close: () => agent.destroy(),
    }
  }
}

async function call(client: Client): Promise<void> {
  const length = await client.getLength()
  if (length !== SIZE_BYTES) throw new Error(`${length} of ${SIZE_BYTES} bytes came`)
}

const aClientForEach = (load: Load) =>
  async function callsWithItsOwn({ backend, signal }: WorkContext): Promise<void> {
    const makeClient = await load()
    for (let made = 0; made < CALLS; made += 1) {
      signal.throwIfAborted()
      await call(makeClient(backend))
    }
  }

const oneClient = (load: Load) =>
  async function callsWithOne({ backend }: WorkContext): Promise<void> {
    const makeClient = await load()
    const client = makeClient(backend)
    for (let made = 0; made < CALLS; made += 1) await call(client)
    await client.close()
  }

const both = (load: Load) =>
  ({
    leaky: { work: aClientForEach(load), expects: { verdict: 'leaked', codes: ['CLIENT_PER_CALL'] } },
    // undici may open a second one while the first is still reading.
    fixed: { work: oneClient(load), expects: { verdict: 'clean', connectionsAtMost: 2 } },
  }) as const

export default defineScenario({
  name: 'client-per-call',
  layer: 'backend',
  client: 'aws-sdk, undici, node:http',
  shows: 'a new client for each of 200 calls leaves 200 idle connections, although every body was read',
  backend: s3Backend({ objects: 1, sizeBytes: SIZE_BYTES, kinds: ['embedded'] }),
  cases: { 'aws-sdk': both(awsSdk), undici: both(undici), 'node:http': both(nodeHttp) },
})

/** Clients without a limit take a connection for each unread body, until no descriptor is left; asked by name, the resolver is the first to fail. */
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const OBJECTS = 80
const SIZE_BYTES = 1_000_000
const CONNECTIONS = 25
const IDLE_MS = 1_000

/** Who asks for the object of that number; resolves with its body. */
type Ask = (index: number) => Promise<AsyncIterable<Uint8Array>>
type Host = '127.0.0.1' | 'localhost'
/** Loads its library first: later there may be no descriptor left to read it with. */
type MakeClient = (context: WorkContext, host: Host, connections: number) => Promise<Ask>

async function minioJs({ backend }: WorkContext, endPoint: Host, maxSockets: number): Promise<Ask> {
  const [{ Client }, { Agent }] = await Promise.all([import('minio'), import('../node-http.ts')])
  const client = new Client({
    endPoint,
    port: Number(new URL(backend.origin).port),
    useSSL: false,
    accessKey: backend.credentials.accessKeyId,
    secretKey: backend.credentials.secretAccessKey,
    region: backend.region,
    transportAgent: new Agent({ keepAlive: true, timeout: IDLE_MS, maxSockets }),
  })
  return (index) => client.getObject(backend.bucket, objectKey(index))
}

async function undici({ backend }: WorkContext, host: Host, connections: number): Promise<Ask> {
  const { Agent } = await import('undici')
  const limit = Number.isFinite(connections) ? { connections } : {}
  const dispatcher = new Agent({ ...limit, keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })
  const origin = `http://${host}:${new URL(backend.origin).port}`
  return async () => (await dispatcher.request({ origin, path: `/plain/${SIZE_BYTES}`, method: 'GET' })).body
}

const unread = (makeClient: MakeClient, host: Host): Work =>
  async function openWithoutReading(context) {
    const ask = await makeClient(context, host, Number.POSITIVE_INFINITY)
    for (let index = 0; index < OBJECTS; index += 1) {
      context.signal.throwIfAborted()
      await ask(index)
    }
  }

const read = (makeClient: MakeClient, host: Host): Work =>
  async function readAll(context) {
    const ask = await makeClient(context, host, CONNECTIONS)
    const sizes = await Promise.all(Array.from({ length: OBJECTS }, async (_, index) => sizeOf(await ask(index))))
    const wrong = sizes.find((size) => size !== SIZE_BYTES)
    if (wrong !== undefined) throw new Error(`read ${wrong} bytes of ${SIZE_BYTES}`)
  }

async function sizeOf(body: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0
  for await (const chunk of body) size += chunk.length
  return size
}

const both = (makeClient: MakeClient, host: Host) =>
  ({
    leaky: { work: unread(makeClient, host), expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'DESCRIPTORS_EXHAUSTED'] } },
    fixed: { work: read(makeClient, host), expects: { verdict: 'clean' } },
  }) as const

export default defineScenario({
  name: 'descriptor-exhaustion',
  layer: 'backend',
  client: 'minio-js, undici',
  shows: 'with 60 descriptors unread bodies end in EMFILE, or in what looks like a DNS error and is none',
  backend: s3Backend({ objects: OBJECTS, sizeBytes: SIZE_BYTES, kinds: ['embedded'] }),
  descriptorLimit: 60,
  cases: {
    'minio-js, by address': both(minioJs, '127.0.0.1'),
    'minio-js, by name': both(minioJs, 'localhost'),
    'undici, by address': both(undici, '127.0.0.1'),
    'undici, by name': both(undici, 'localhost'),
  },
})

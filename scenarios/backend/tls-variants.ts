/** The same over TLS: a handshake that is never answered, where only undici has a timeout of its own; and bodies that nobody reads. */
import { Agent, get } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { request, Agent as UndiciAgent } from 'undici'
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { BackendAddress, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const IDLE_MS = 1_000
/** Patience of a caller who gives up, and the timeout that should have ended it. */
const PATIENCE_MS = 200
const SIZE_BYTES = 1_000_000

/** A body that can be read to its end, whoever the client is. */
type Body = AsyncIterable<Uint8Array>
/** The clients, each at its own line; `timeoutMs` null: nothing bounds them. */
type Clients = Readonly<Record<'undici' | 'node:https' | 'aws-sdk', (backend: BackendAddress, timeoutMs: number | null) => Promise<Body>>>

const trusting = ({ caPem }: BackendAddress) => (caPem === null ? {} : { ca: caPem })
const bounded = (timeoutMs: number | null): AbortSignal | undefined => (timeoutMs === null ? undefined : AbortSignal.timeout(timeoutMs))

const CLIENTS: Clients = {
  async undici(backend, timeoutMs) {
    const connect = { ...trusting(backend), timeout: timeoutMs ?? 0 }
    const dispatcher = new UndiciAgent({ connect, keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })
    const { body } = await request(`${backend.origin}/plain/${SIZE_BYTES}`, { dispatcher })
    return body
  },
  'node:https'(backend, timeoutMs) {
    const agent = new Agent({ ...trusting(backend), keepAlive: true, timeout: IDLE_MS })
    const signal = bounded(timeoutMs)
    const options = { agent, ...(signal === undefined ? {} : { signal }) }
    return new Promise((resolve, reject) => {
      get(`${backend.origin}/plain/${SIZE_BYTES}`, options, resolve).on('error', reject)
    })
  },
  async 'aws-sdk'(backend, timeoutMs) {
    const { origin, region, credentials, bucket: Bucket } = backend
    const httpsAgent = new Agent({ ...trusting(backend), keepAlive: true, timeout: IDLE_MS })
    const requestHandler = new NodeHttpHandler({ httpsAgent })
    const s3 = new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true, requestHandler, maxAttempts: 1 })
    const abortSignal = bounded(timeoutMs)
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: objectKey(0) }), abortSignal === undefined ? {} : { abortSignal })
    return Body as unknown as Body
  },
}

async function asksAndGivesUp({ backend }: WorkContext): Promise<void> {
  const asked = Object.values(CLIENTS).map((ask) => ask(backend, null))
  await Promise.race([Promise.allSettled(asked), sleep(PATIENCE_MS)])
}

async function isTimedOut({ backend }: WorkContext): Promise<void> {
  const asked = await Promise.allSettled(Object.values(CLIENTS).map((ask) => ask(backend, PATIENCE_MS)))
  const answered = asked.filter(({ status }) => status === 'fulfilled').length
  if (answered > 0) throw new Error(`${answered} of ${asked.length} requests were answered by a server that never speaks`)
}

const held: Body[] = []
async function readsNone({ backend }: WorkContext): Promise<void> {
  for (const ask of Object.values(CLIENTS)) held.push(await ask(backend, null))
}

async function readsAll({ backend }: WorkContext): Promise<void> {
  for (const ask of Object.values(CLIENTS)) {
    let bytes = 0
    for await (const chunk of await ask(backend, null)) bytes += chunk.length
    if (bytes !== SIZE_BYTES) throw new Error(`a body has ${bytes} bytes, not ${SIZE_BYTES}`)
  }
}

const silent = s3Backend({ objects: 0, sizeBytes: 0, tls: 'never answered' })

export default defineScenario({
  name: 'tls-variants',
  layer: 'backend',
  client: 'undici, node:https, aws-sdk',
  shows:
    'a TLS handshake that is never answered holds its connection for good unless somebody bounds it; bodies left unread over TLS leak as without',
  backend: s3Backend({ objects: 1, sizeBytes: SIZE_BYTES, tls: true }),
  cases: {
    handshake: {
      leaky: { backend: silent, work: asksAndGivesUp, expects: { verdict: 'leaked', codes: ['TLS_STALLED'] } },
      fixed: { backend: silent, work: isTimedOut, expects: { verdict: 'clean' } },
    },
    unread: {
      leaky: { work: readsNone, expects: { verdict: 'leaked', codes: ['UNREAD_BODY'] } },
      fixed: { work: readsAll, expects: { verdict: 'clean' } },
    },
  },
})

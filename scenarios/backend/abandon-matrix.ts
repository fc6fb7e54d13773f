/**
 * Ten clients and eight ways to be done with an answer: which of them let go of the connection? All that do, in one process, leave nothing; of those that do not,
 * each is found at the line of its client. The table is in docs/guides/letting-go.md.
 */

import { PassThrough, type Readable } from 'node:stream'
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { get, Agent as HttpAgent, type IncomingMessage } from '../node-http.ts'

/** More than any of the clients takes by itself: undici and fetch 65,535 bytes, node-fetch and superagent two buffers of 65,536 each. */
const SIZE_BYTES = 300_000
const IDLE_MS = 500
const PROMPT = objectKey(0)
/** Answered late: time enough to lose a race. */
const LATE = objectKey(1)
/** Never answered. */
const NEVER = objectKey(2)
const LATE_MS = 300
const PATIENCE_MS = 50

const FAULTS = [
  { match: `/source/${LATE}`, delayMs: LATE_MS },
  { match: `/source/${NEVER}`, stallHeaders: true },
] as const

/** An answer, as its client hands it out. */
interface Answer {
  readonly body: AsyncIterable<Uint8Array>
  /** The client's own way to say that the rest is not wanted. */
  cancel(): unknown
  /** A second answer with the same body. Absent: this client has no such thing. */
  clone?(): Answer
}
type Ask = (key: string, signal?: AbortSignal) => Promise<Answer>

const WAYS = {
  async consume(ask) {
    const length = await lengthOf((await ask(PROMPT)).body)
    if (length !== SIZE_BYTES) throw new Error(`${length} of ${SIZE_BYTES} bytes came`)
  },
  async cancel(ask) {
    await (await ask(PROMPT)).cancel()
  },
  async break(ask) {
    for await (const _ of (await ask(PROMPT)).body) break
  },
  async 'abort early'(ask) {
    const giveUp = new AbortController()
    const asked = ask(NEVER, giveUp.signal)
    await after(PATIENCE_MS)
    giveUp.abort()
    await asked.then(
      () => Promise.reject(new Error('answered all the same')),
      () => {},
    )
  },
  async 'abort late'(ask) {
    const giveUp = new AbortController()
    kept.push(await ask(PROMPT, giveUp.signal))
    giveUp.abort()
  },
  /** Read to its end in the background by nobody: the loser of a race goes on, and is answered when all have gone home. */
  async race(ask) {
    const asked = ask(LATE).then((answer) => kept.push(answer))
    await Promise.race([asked, after(PATIENCE_MS)])
  },
  /** Something else is wrong, and the answer is not looked at again. */
  async throw(ask) {
    const answer = await ask(PROMPT)
    kept.push(answer)
    await Promise.reject(new Error('not what was asked for')).catch(() => {})
  },
  /** Only the copy is read. */
  async clone(ask) {
    const answer = await ask(PROMPT)
    const copy = answer.clone?.()
    kept.push(answer)
    if (copy !== undefined) await Promise.race([lengthOf(copy.body), after(LATE_MS)])
  },
} satisfies Record<string, (ask: Ask) => Promise<void>>
type Way = keyof typeof WAYS

/** As by a caller who keeps them to look at later; that also keeps garbage collection from hiding what fetch forgets (fetch-masked-by-gc). */
const kept: Answer[] = []
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function lengthOf(body: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0
  for await (const chunk of body) length += chunk.length
  return length
}

const keepAlive = (): HttpAgent => new HttpAgent({ keepAlive: true, timeout: IDLE_MS })
/** Destroying a stream with an abort makes it tell so: whoever aborts has heard enough. */
const quiet = <T extends Readable>(stream: T): T => stream.on('error', () => {})
const ofStream = (stream: Readable): Answer => ({ body: quiet(stream), cancel: () => stream.destroy() })

interface WebAnswer {
  readonly body: unknown
  clone(): WebAnswer
}
const ofResponse = (response: WebAnswer): Answer => ({
  body: response.body as AsyncIterable<Uint8Array>,
  cancel: () => (response.body as ReadableStream | null)?.cancel(),
  clone: () => ofResponse(response.clone()),
})

/** Each is loaded when it is run. */
const CLIENTS: Readonly<Record<string, (context: WorkContext, base: string) => Promise<Ask>>> = {
  async 'node:http'(_context, base) {
    const agent = keepAlive()
    const asks = (key: string, signal: AbortSignal | undefined): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => get(`${base}${key}`, { agent, ...(signal && { signal }) }, resolve).on('error', reject))
    return async (key, signal) => ofStream(await asks(key, signal))
  },
  async undici({ handOver }, base) {
    const { Agent, request } = await import('undici')
    const dispatcher = new Agent({ keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })
    handOver(dispatcher)
    return async (key, signal) => {
      const { body } = await request(`${base}${key}`, { dispatcher, ...(signal && { signal }) })
      return { ...ofStream(body), cancel: () => body.dump() }
    }
  },
  async fetch(_context, base) {
    return async (key, signal) => ofResponse(await fetch(`${base}${key}`, signal && { signal }))
  },
  async axios(_context, base) {
    const { default: axios } = await import('axios')
    const httpAgent = keepAlive()
    return async (key, signal) => {
      const { data } = await axios.get<Readable>(`${base}${key}`, { httpAgent, responseType: 'stream', ...(signal && { signal }) })
      return ofStream(data)
    }
  },
  async got(_context, base) {
    const { default: got } = await import('got')
    const http = keepAlive()
    return async (key, signal) => {
      const stream = quiet(got.stream(`${base}${key}`, { agent: { http }, retry: { limit: 0 }, ...(signal && { signal }) }))
      await new Promise((resolve, reject) => stream.once('response', resolve).once('error', reject))
      return ofStream(stream)
    }
  },
  async ky(_context, base) {
    const { default: ky } = await import('ky')
    return async (key, signal) => ofResponse(await ky.get(`${base}${key}`, { retry: 0, timeout: false, ...(signal && { signal }) }))
  },
  async 'node-fetch'(_context, base) {
    const { default: nodeFetch } = await import('node-fetch')
    const agent = keepAlive()
    const answer = (response: { readonly body: unknown; clone(): { readonly body: unknown } }): Answer => ({
      ...ofStream(response.body as Readable),
      clone: () => ofStream(response.clone().body as Readable),
    })
    return async (key, signal) => answer(await nodeFetch(`${base}${key}`, { agent, ...(signal && { signal }) }))
  },
  async superagent(_context, base) {
    const { default: superagent } = await import('superagent')
    const agent = keepAlive()
    return async (key, signal) => {
      const asked = superagent.get(`${base}${key}`).agent(agent)
      // Not returned, here and below: whoever awaits a request sends it again.
      signal?.addEventListener('abort', () => void asked.abort(), { once: true })
      const body = new PassThrough()
      const answered = new Promise<Readable>((resolve, reject) => {
        asked.once('response', resolve).once('abort', reject).on('error', reject)
      })
      asked.pipe(body)
      quiet(await answered)
      // A pipe passes no destroy on; what lets go of the answer is its request.
      return { body: quiet(body), cancel: () => void asked.abort() }
    }
  },
  async 'aws-sdk'({ backend }) {
    const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
    const { origin: endpoint, region, credentials, bucket: Bucket } = backend
    const s3 = new S3Client({
      endpoint,
      region,
      credentials,
      forcePathStyle: true,
      maxAttempts: 1,
      requestHandler: { httpAgent: keepAlive() },
    })
    return async (Key, abortSignal) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }), abortSignal && { abortSignal })
      return ofStream(Body as Readable)
    }
  },
  async 'minio-js'({ backend }) {
    const { Client } = await import('minio')
    const { hostname: endPoint, port } = new URL(backend.origin)
    const { accessKeyId: accessKey, secretAccessKey: secretKey } = backend.credentials
    const transportAgent = keepAlive()
    const minio = new Client({ endPoint, port: Number(port), useSSL: false, accessKey, secretKey, region: backend.region, transportAgent })
    return async (key) => ofStream(await minio.getObject(backend.bucket, key))
  },
}

/** What lets go of nothing, whatever the client; measured, as what follows. */
const NEVER_SAFE: readonly Way[] = ['race', 'throw']
/** node-fetch reads a copy only as far as the buffer of the original goes; superagent's stream passes no destroy on to its answer. */
const UNSAFE: Readonly<Record<string, readonly Way[]>> = { 'node-fetch': ['clone'], superagent: ['break'] }
/** minio-js takes no signal; only fetch and its kin can be cloned. */
const HAS_NOT: Readonly<Record<string, readonly Way[]>> = { 'minio-js': ['abort early', 'abort late'] }

function waysOf(client: string, isSafe: boolean): readonly Way[] {
  const unsafe = [...NEVER_SAFE, ...(UNSAFE[client] ?? [])]
  const clones = ['fetch', 'ky', 'node-fetch'].includes(client)
  return (Object.keys(WAYS) as Way[]).filter(
    (way) => unsafe.includes(way) !== isSafe && !HAS_NOT[client]?.includes(way) && (way !== 'clone' || clones),
  )
}

/** Built-in fetch keeps idle connections for 4 s; what users set is the global dispatcher. */
async function limitIdle({ handOver }: WorkContext): Promise<void> {
  const { Agent, setGlobalDispatcher } = await import('undici')
  const agent = new Agent({ keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })
  setGlobalDispatcher(agent)
  handOver(agent)
}

const all = (isSafe: boolean): Work =>
  async function letGoInAllWays(context) {
    const { origin, bucket } = context.backend
    await limitIdle(context)
    for (const [client, openClient] of Object.entries(CLIENTS)) {
      const ask = await openClient(context, `${origin}/${bucket}/`)
      for (const way of waysOf(client, isSafe)) {
        context.signal.throwIfAborted()
        await WAYS[way](ask)
      }
    }
    // The losers of races are answered.
    await after(LATE_MS)
  }

export default defineScenario({
  name: 'abandon-matrix',
  layer: 'backend',
  client: 'all',
  shows: 'which ways of being done with an answer let go of its connection, in ten clients',
  backend: s3Backend({ objects: 3, sizeBytes: SIZE_BYTES, faults: FAULTS }),
  idleTimeoutMs: 3_000,
  cases: {
    'ways that let go': { fixed: { work: all(true), expects: { verdict: 'clean' } } },
    'ways that do not': {
      leaky: { work: all(false), expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'CLONE_BRANCH_UNREAD', 'LOST_POOL_SLOT'] } },
    },
  },
})

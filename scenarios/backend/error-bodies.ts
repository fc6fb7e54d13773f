/** An error is an answer, too: the bodies of 404, 503 and redirects hold their connections like any other, and the error path is where they are forgotten. */

import { PassThrough } from 'node:stream'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { BackendAddress, Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { get, Agent as HttpAgent, type IncomingMessage, request as requestByNode } from '../node-http.ts'

/**
 * More than any of the clients takes by itself: undici and fetch 65,535 bytes, node-fetch and superagent two buffers of 65,536 each. With node:http and axios
 * a body of no bytes leaks, too: that of the 304.
 */
const BODY_BYTES = 300_000
const IDLE_MS = 500

/** What goes wrong, by the key of the object that is asked for. */
const ERRORS = { gone: 404, busy: 503, same: 304, moved: 302 } as const
type Key = keyof typeof ERRORS
const KEYS = Object.keys(ERRORS) as Key[]

/** An answer that was an error, as the caller has it in hand. */
interface ErrorAnswer {
  readonly status: number | undefined
  /** Takes the body, or lets it go. */
  release(): unknown
}
type Ask = (url: string) => Promise<ErrorAnswer>

/** Errors are kept to be told of in the end. That also keeps garbage collection from hiding what fetch forgets (fetch-masked-by-gc). */
const errors: ErrorAnswer[] = []

const askForEach = (openClient: (context: WorkContext) => Promise<Ask>, isReleased: boolean): Work =>
  async function asksForEach(context) {
    const ask = await openClient(context)
    const { origin, bucket } = context.backend
    for (const key of KEYS) {
      context.signal.throwIfAborted()
      const answer = await ask(`${origin}/${bucket}/${key}`)
      if (answer.status !== ERRORS[key]) throw new Error(`${key} was answered ${answer.status}`)
      errors.push(answer)
      if (isReleased) await answer.release()
    }
  }

const keepAlive = (): HttpAgent => new HttpAgent({ keepAlive: true, timeout: IDLE_MS })

const ended = (response: IncomingMessage): Promise<unknown> => new Promise((resolve) => response.once('close', resolve).resume())

/** Each loads its library when it is run: nine of them are half a second for everybody who only lists scenarios. */
const CLIENTS: Readonly<Record<string, (context: WorkContext) => Promise<Ask>>> = {
  async undici({ handOver }) {
    const { Agent, request } = await import('undici')
    const dispatcher = new Agent({ keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })
    handOver(dispatcher)
    return async function askByUndici(url) {
      const { statusCode, body } = await request(url, { dispatcher })
      return { status: statusCode, release: () => body.arrayBuffer() }
    }
  },
  async fetch(context) {
    await limitIdle(context)
    return async function askByFetch(url) {
      const response = await fetch(url, { redirect: 'manual' })
      return { status: response.status, release: () => response.body?.cancel() }
    }
  },
  async 'node:http'() {
    const agent = keepAlive()
    return async function askByNode(url) {
      const response = await new Promise<IncomingMessage>((resolve, reject) => get(url, { agent }, resolve).on('error', reject))
      return { status: response.statusCode, release: () => ended(response) }
    }
  },
  async axios() {
    const { default: axios } = await import('axios')
    const httpAgent = keepAlive()
    return async function askByAxios(url) {
      try {
        const { status, data } = await axios.get<IncomingMessage>(url, { httpAgent, responseType: 'stream', maxRedirects: 0 })
        return { status, release: () => ended(data) }
      } catch (error) {
        // The unread body hangs on the error that was thrown.
        if (!axios.isAxiosError<IncomingMessage>(error) || error.response === undefined) throw error
        const { status, data } = error.response
        return { status, release: () => ended(data) }
      }
    }
  },
  async got() {
    const { default: got } = await import('got')
    const http = keepAlive()
    return async function askByGot(url) {
      const stream = got.stream(url, { agent: { http }, followRedirect: false, throwHttpErrors: false, retry: { limit: 0 } })
      const response = await new Promise<IncomingMessage>((resolve, reject) => stream.once('response', resolve).once('error', reject))
      return { status: response.statusCode, release: () => stream.resume() }
    }
  },
  async ky(context) {
    const { default: ky } = await import('ky')
    await limitIdle(context)
    return async function askByKy(url) {
      // Left to throw, it reads the body for its HTTPError.
      const response = await ky.get(url, { redirect: 'manual', throwHttpErrors: false, retry: 0 })
      return { status: response.status, release: () => response.arrayBuffer() }
    }
  },
  async 'node-fetch'() {
    const { default: nodeFetch } = await import('node-fetch')
    const agent = keepAlive()
    return async function askByNodeFetch(url) {
      const response = await nodeFetch(url, { agent, redirect: 'manual' })
      return { status: response.status, release: () => response.arrayBuffer() }
    }
  },
  async superagent() {
    const { default: superagent } = await import('superagent')
    const agent = keepAlive()
    return async function askBySuperagent(url) {
      const asked = superagent.get(url).agent(agent).redirects(0)
      const body = new PassThrough()
      const response = new Promise<{ readonly status: number }>((resolve, reject) => asked.once('response', resolve).once('error', reject))
      // Only a pipe can be left: all its other ways read the body whole.
      asked.pipe(body)
      return { status: (await response).status, release: () => body.resume() }
    }
  },
}

/** Built-in fetch keeps idle connections for 4 s; what users set is the global dispatcher. */
async function limitIdle({ handOver }: WorkContext): Promise<void> {
  const { Agent, setGlobalDispatcher } = await import('undici')
  const agent = new Agent({ keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })
  setGlobalDispatcher(agent)
  handOver(agent)
}

type Transport = Pick<typeof import('node:http'), 'request'>

/** minio-js reads the bodies of errors itself, but drops those of what it would try again (408, 429, 5xx): one for each try. */
const askForEachByMinio = (transport: Transport): Work =>
  async function asksForEach({ backend }) {
    const { Client } = await import('minio')
    const { hostname: endPoint, port } = new URL(backend.origin)
    const { accessKeyId: accessKey, secretAccessKey: secretKey } = backend.credentials
    const where = { endPoint, port: Number(port), useSSL: false, region: backend.region, accessKey, secretKey }
    const minio = new Client({ ...where, transport, transportAgent: keepAlive(), retryOptions: { disableRetry: true } })
    await expectErrors(backend, async ({ bucket }, key) => {
      await minio.getObject(bucket, key)
    })
  }

/** Reads what minio-js is going to drop. */
const readingTransport = {
  request: (...asked: Parameters<typeof requestByNode>) =>
    requestByNode(...asked).prependListener('response', (response: IncomingMessage) => {
      if (response.statusCode === ERRORS.busy) response.resume()
    }),
} as Transport

/** The AWS SDK reads every error body for its message: nothing to forget, nothing to repair. */
async function askForEachByAws({ backend }: WorkContext): Promise<void> {
  const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
  const { origin: endpoint, region, credentials } = backend
  const s3 = new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    requestHandler: { httpAgent: keepAlive() },
  })
  await expectErrors(backend, ({ bucket: Bucket }, Key) => s3.send(new GetObjectCommand({ Bucket, Key })))
}

async function expectErrors(backend: BackendAddress, ask: (backend: BackendAddress, key: Key) => Promise<unknown>): Promise<void> {
  for (const key of KEYS) {
    const error: unknown = await ask(backend, key).then(
      () => null,
      (reason: unknown) => reason,
    )
    if (error === null) throw new Error(`${key} was no error`)
  }
}

const leaked = { verdict: 'leaked', codes: ['UNREAD_BODY'] } as const
const clean = { verdict: 'clean' } as const
const sweep = Object.entries(CLIENTS).map(([name, openClient]) => [
  name,
  { leaky: { work: askForEach(openClient, false), expects: leaked }, fixed: { work: askForEach(openClient, true), expects: clean } },
])

export default defineScenario({
  name: 'error-bodies',
  layer: 'backend',
  client: 'all',
  shows: 'the bodies of 404, 503 and redirects hold connections; minio-js forgets those of 503 itself, the AWS SDK none',
  backend: s3Backend({
    objects: 1,
    sizeBytes: 1_000,
    faults: [
      { match: '/source/gone', answer: { status: ERRORS.gone, bodyBytes: BODY_BYTES, code: 'NoSuchKey' } },
      { match: '/source/busy', answer: { status: ERRORS.busy, bodyBytes: BODY_BYTES, code: 'SlowDown' } },
      { match: '/source/same', answer: { status: ERRORS.same } },
      { match: '/source/moved', answer: { status: ERRORS.moved, bodyBytes: BODY_BYTES, location: '/source/object-0000' } },
    ],
  }),
  idleTimeoutMs: 2_000,
  cases: {
    ...Object.fromEntries(sweep),
    'minio-js': {
      leaky: { work: askForEachByMinio({ request: requestByNode }), expects: leaked },
      fixed: { work: askForEachByMinio(readingTransport), expects: clean },
    },
    'aws-sdk': { fixed: { work: askForEachByAws, expects: clean } },
  },
})

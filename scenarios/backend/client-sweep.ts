/** Five clients that hand out a body as a stream, and nobody reads it: the same at 26 in all of them. They differ in what becomes of a small one. */

import { PassThrough } from 'node:stream'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent as HttpAgent, type IncomingMessage } from '../node-http.ts'

const CONNECTIONS = 25
const REQUESTS = 40
const SIZE_BYTES = 1_000_000
/** ky, as all that stands on undici, takes a body of up to 65,535 bytes by itself; one byte more is left to the reader (facts.md). */
const EDGE_BYTES = 65_536
const SMALL_BYTES = 100
/** Longer than a busy machine pauses between two requests: what closes by itself there would count as one connection more. */
const IDLE_MS = 3_000

/** A body that came as a stream. */
interface Answer {
  /** Reads it to its end; resolves with its length. */
  read(): Promise<number>
}
type Ask = (url: string) => Promise<Answer>

/** They are kept, as by a caller who means to come back to them: fetch's would be cancelled by garbage collection otherwise (fetch-masked-by-gc). */
const answers: Answer[] = []

const askInTurn = (openClient: (context: WorkContext) => Promise<Ask>, sizeBytes: number, isRead: boolean): Work =>
  async function asksInTurn(context) {
    const ask = await openClient(context)
    for (let sent = 0; sent < REQUESTS; sent += 1) {
      context.signal.throwIfAborted()
      const answer = await ask(`${context.backend.origin}/plain/${sizeBytes}`)
      answers.push(answer)
      const length = isRead ? await answer.read() : sizeBytes
      if (length !== sizeBytes) throw new Error(`${length} of ${sizeBytes} bytes came`)
    }
  }

const keepAlive = (): HttpAgent => new HttpAgent({ keepAlive: true, maxSockets: CONNECTIONS, timeout: IDLE_MS })

async function lengthOf(body: AsyncIterable<Uint8Array | string>): Promise<number> {
  let length = 0
  for await (const chunk of body) length += chunk.length
  return length
}

/** Each is loaded when it is run: all of them are half a second for everybody who only lists scenarios. */
const CLIENTS = {
  async axios() {
    const { default: axios } = await import('axios')
    const httpAgent = keepAlive()
    return async function askByAxios(url) {
      const { data } = await axios.get<IncomingMessage>(url, { httpAgent, responseType: 'stream' })
      return { read: () => lengthOf(data) }
    }
  },
  async got() {
    const { default: got } = await import('got')
    const http = keepAlive()
    return async function askByGot(url) {
      const stream = got.stream(url, { agent: { http }, retry: { limit: 0 } })
      await new Promise((resolve, reject) => stream.once('response', resolve).once('error', reject))
      return { read: () => lengthOf(stream) }
    }
  },
  async ky({ handOver }) {
    const [{ default: ky }, { Agent, setGlobalDispatcher }] = await Promise.all([import('ky'), import('undici')])
    const agent = new Agent({ connections: CONNECTIONS, keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })
    setGlobalDispatcher(agent)
    handOver(agent)
    return async function askByKy(url) {
      const response = await ky.get(url, { retry: 0, timeout: false })
      return { read: async () => (await response.arrayBuffer()).byteLength }
    }
  },
  async 'node-fetch'() {
    const { default: nodeFetch } = await import('node-fetch')
    const agent = keepAlive()
    return async function askByNodeFetch(url) {
      const response = await nodeFetch(url, { agent })
      return { read: async () => (await response.arrayBuffer()).byteLength }
    }
  },
  async superagent() {
    const { default: superagent } = await import('superagent')
    const agent = keepAlive()
    return async function askBySuperagent(url) {
      const asked = superagent.get(url).agent(agent)
      const body = new PassThrough()
      const answered = new Promise((resolve, reject) => asked.once('response', resolve).once('error', reject))
      // Only a pipe can be left: all its other ways read the body whole.
      asked.pipe(body)
      await answered
      return { read: () => lengthOf(body) }
    }
  },
} satisfies Record<string, (context: WorkContext) => Promise<Ask>>

const blocked = { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: CONNECTIONS + 1 } as const
const clean = { verdict: 'clean' } as const

const sweep = Object.entries(CLIENTS).map(([name, openClient]) => [
  name,
  {
    leaky: { work: askInTurn(openClient, SIZE_BYTES, false), expects: blocked },
    fixed: { work: askInTurn(openClient, SIZE_BYTES, true), expects: { ...clean, connectionsAtMost: 3 } },
  },
])

/** What makes people believe that bodies need not be read: three clients take a small one by themselves. */
async function nobodyReadsSmallOnes(context: WorkContext): Promise<void> {
  await askInTurn(CLIENTS.ky, EDGE_BYTES - 1, false)(context)
  await askInTurn(CLIENTS['node-fetch'], SMALL_BYTES, false)(context)
  await askInTurn(CLIENTS.superagent, SMALL_BYTES, false)(context)
}

export default defineScenario({
  name: 'client-sweep',
  layer: 'backend',
  client: 'axios, got, ky, node-fetch, superagent',
  shows:
    'unread streams block request 26 of 25 connections in five clients alike; a small one is harmless in three, and blocks in axios and got all the same',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'] }),
  cases: {
    ...Object.fromEntries(sweep),
    'small: ky, node-fetch, superagent': { fixed: { work: nobodyReadsSmallOnes, expects: clean } },
    'small: axios': { leaky: { work: askInTurn(CLIENTS.axios, SMALL_BYTES, false), expects: blocked } },
    'small: got': { leaky: { work: askInTurn(CLIENTS.got, SMALL_BYTES, false), expects: blocked } },
    [`ky, ${EDGE_BYTES} B`]: { leaky: { work: askInTurn(CLIENTS.ky, EDGE_BYTES, false), expects: blocked } },
  },
})

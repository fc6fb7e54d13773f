/** Both ways of letting go are clean, and one is dear: a destroyed body takes its connection with it, a drained one gives it back. */
import type { IncomingMessage } from 'node:http'
import type { Pool } from 'undici'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const REQUESTS = 50
const SIZE_BYTES = 1_000_000
/** Longer than a busy machine pauses between two requests, or the second takes a connection of its own. */
const IDLE_MS = 3_000
const PATH = `/plain/${SIZE_BYTES}`

type AskOnce = () => Promise<void>

/** Loads a client and makes it: one request, whose body is let go of by `release`. */
type MakeAsk<Body> = (context: WorkContext, release: (body: Body) => Promise<void>) => Promise<AskOnce>

type UndiciBody = Awaited<ReturnType<Pool['request']>>['body']

const withUndici: MakeAsk<UndiciBody> = async ({ backend, handOver }, release) => {
  const { Pool } = await import('undici')
  const pool = new Pool(backend.origin, { keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })
  handOver(pool)
  return async () => release((await pool.request({ path: PATH, method: 'GET' })).body)
}

const withNodeHttp: MakeAsk<IncomingMessage> = async ({ backend }, release) => {
  const { Agent, get } = await import('../node-http.ts')
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS })
  return async () => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${backend.origin}${PATH}`, { agent }, resolve).on('error', reject)
    })
    await release(response)
  }
}

async function drain(body: UndiciBody | IncomingMessage): Promise<void> {
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) length += chunk.length
  if (length !== SIZE_BYTES) throw new Error(`${length} of ${SIZE_BYTES} bytes came`)
}

function destroy(body: UndiciBody | IncomingMessage): Promise<void> {
  // Without a listener for it, the error by which undici says that a body was torn away ends the process.
  return new Promise((resolve) => {
    body
      .on('error', () => {})
      .once('close', resolve)
      .destroy()
  })
}

const fifty = <Body>(makeAsk: MakeAsk<Body>, release: (body: Body) => Promise<void>) =>
  async function asksOneByOne(context: WorkContext): Promise<void> {
    const ask = await makeAsk(context, release)
    for (let sent = 0; sent < REQUESTS; sent += 1) {
      context.signal.throwIfAborted()
      await ask()
    }
  }

/** Nothing leaks in either; what tells them apart is what the connections cost. */
const dear = { verdict: 'clean', codes: ['CONNECTION_CHURN'] } as const
const cheap = (connectionsAtMost: number) => ({ verdict: 'clean', connectionsAtMost }) as const

export default defineScenario({
  name: 'fix-cost',
  layer: 'backend',
  client: 'undici, node:http',
  shows: 'destroying 50 bodies of 1 MB costs 50 connections, draining them 2 with undici and 1 with node:http',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'] }),
  cases: {
    undici: {
      leaky: { work: fifty(withUndici, destroy), expects: dear },
      fixed: { work: fifty(withUndici, drain), expects: cheap(2) },
    },
    'node:http': {
      leaky: { work: fifty(withNodeHttp, destroy), expects: dear },
      fixed: { work: fifty(withNodeHttp, drain), expects: cheap(1) },
    },
  },
})

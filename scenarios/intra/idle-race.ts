/**
 * Who closes first? Where the client keeps a connection for as long as the server or longer, a request may meet the server in the act of closing: it is reset, and
 * a POST must not be sent again. In real traffic that is one in some hundreds (21 of 480 with undici, 2 of 480 with node:http, facts.md). Here the server stands
 * still when its timers are due, as in a long pause of its garbage collector: what was sent meanwhile it finds behind the timers, on connections it has just closed.
 */

import { setTimeout as wait } from 'node:timers/promises'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent, get, request } from '../node-http.ts'

const CONNECTIONS = 40
const SERVER_MS = 4_000
/** Node's server closes a second later than it was told. */
const SERVER_CLOSES_MS = SERVER_MS + 1_000
const TOO_LONG_MS = 10_000
/** Two thirds of the server's: first in any case, also by timers that are half a second late. */
const FIRST_MS = Math.round((SERVER_CLOSES_MS * 2) / 3)
/** The server stands still from well before its timers are due until after: whenever a POST is sent meanwhile, the timers come first. */
const STILL_FROM_MS = SERVER_CLOSES_MS - 1_100
const STILL_FOR_MS = 1_900
/** A reset is the race's when its connection had idled for as long as the server lets it, but for half a second. */
const POST_AT_MS = SERVER_CLOSES_MS - 400
const PATH = '/plain/10'

type Post = () => Promise<void>
/** Loads its client before anything is timed. */
type MakePost = (context: WorkContext, idleMs: number) => Promise<Post>

const overUndici: MakePost = async ({ backend, handOver }, idleMs) => {
  const { Pool } = await import('undici')
  const pool = new Pool(backend.origin, { keepAliveTimeout: idleMs, keepAliveMaxTimeout: idleMs })
  handOver(pool)
  return async () => {
    const { body } = await pool.request({ path: PATH, method: 'POST', body: 'order' })
    await body.text()
  }
}

const overNodeHttp: MakePost = async ({ backend }, idleMs) => {
  const agent = new Agent({ keepAlive: true, timeout: idleMs })
  return () =>
    new Promise((resolve, reject) => {
      const asked = request(`${backend.origin}${PATH}`, { agent, method: 'POST' }, (response) => response.resume().on('close', resolve))
      asked.on('error', reject).end('order')
    })
}

/** Makes the server stand still; over a connection that is in no pool. */
const haltServer = (origin: string): Promise<void> =>
  new Promise((resolve, reject) => {
    get(`${origin}/plain/1?standStillMs=${STILL_FOR_MS}`, { agent: false }, (response) => response.resume().on('end', resolve)).on(
      'error',
      reject,
    )
  })

/** Opens the connections, lets them idle until the server is about to close them, and uses them again. Returns how many POSTs died. */
async function postTwice(context: WorkContext, post: Post): Promise<number> {
  const all = (): Promise<PromiseSettledResult<void>[]> => Promise.allSettled(Array.from({ length: CONNECTIONS }, post))
  const first = await all()
  if (first.some(({ status }) => status === 'rejected')) throw new Error('not all of the first POSTs were answered')
  const answeredMs = performance.now()
  context.onlyWaits()
  await wait(STILL_FROM_MS)
  await haltServer(context.backend.origin)
  await wait(Math.max(0, POST_AT_MS - (performance.now() - answeredMs)))
  const died = (await all()).filter(({ status }) => status === 'rejected').length
  context.measured(
    `${died} of ${CONNECTIONS} POSTs died, sent when the connections had idled for as long as the server lets them, ${SERVER_CLOSES_MS} ms`,
  )
  return died
}

const losesTheRace = (makePost: MakePost): Work =>
  async function keepsThemTooLong(context) {
    await postTwice(context, await makePost(context, TOO_LONG_MS))
  }

const isFirst = (makePost: MakePost): Work =>
  async function closesFirst(context) {
    const died = await postTwice(context, await makePost(context, FIRST_MS))
    if (died > 0) throw new Error(`${died} POSTs died`)
  }

const both = (makePost: MakePost) =>
  ({
    leaky: { work: losesTheRace(makePost), expects: { verdict: 'misconfigured', codes: ['IDLE_RACE'] } },
    fixed: { work: isFirst(makePost), expects: { verdict: 'clean' } },
  }) as const

export default defineScenario({
  name: 'idle-race',
  layer: 'intra',
  client: 'undici, node:http',
  shows: 'a client that keeps connections for longer than the server has its POSTs reset; with two thirds of the server’s time none is',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'], keepAliveTimeoutMs: SERVER_MS }),
  cases: { undici: both(overUndici), 'node:http': both(overNodeHttp) },
})

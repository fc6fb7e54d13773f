/**
 * Ten clients' connections that nobody on their side closes, and a server that closes what is idle: after 20 s as AIStore's document has it, after 30 s as its code (facts.md).
 * Nobody is wrong in the first two of these; the third counts on the document and meets the code.
 */

import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent, get, type IncomingMessage } from '../node-http.ts'

const CLIENTS = 10
const SIZE_BYTES = 1_000
const DOCUMENTED_MS = 20_000
const REAL_MS = 30_000
/** A second that Node's server adds to what it was told, and one for the timers of a busy machine. */
const MARGIN_MS = 2_000
/** What a client may set who wants to be sooner than both: AIStore's own, towards clouds. */
const CLIENT_MS = 6_000

const ask = (url: string, agent: Agent): Promise<number> =>
  new Promise((resolve, reject) => {
    get(url, { agent }, (response: IncomingMessage) => {
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
      })
      response.on('end', () => resolve(length))
    }).on('error', reject)
  })

/** All at the same time, so that there is a connection for each; then nobody asks again. */
async function askOnceEach({ backend }: WorkContext, options: object): Promise<void> {
  const agent = new Agent({ keepAlive: true, ...options })
  const lengths = await Promise.all(Array.from({ length: CLIENTS }, () => ask(`${backend.origin}/plain/${SIZE_BYTES}`, agent)))
  if (lengths.some((length) => length !== SIZE_BYTES)) throw new Error(`not every answer had its ${SIZE_BYTES} bytes: ${lengths}`)
}

const neverCloses: Work = (context) => askOnceEach(context, {})
const closesSooner: Work = (context) => askOnceEach(context, { timeout: CLIENT_MS })

const servedFor = (keepAliveTimeoutMs: number) => s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'], keepAliveTimeoutMs })
const clean = { verdict: 'clean', connectionsAtMost: CLIENTS } as const

export default defineScenario({
  name: 'server-idle-20-and-30',
  layer: 'server',
  client: 'http.Agent',
  shows:
    'ten idle connections that no client closes go when the server closes them: after 20 s, or after 30 s for whoever trusted the document',
  backend: servedFor(REAL_MS),
  idleTimeoutMs: DOCUMENTED_MS + MARGIN_MS,
  cases: {
    '20 s': { fixed: { work: neverCloses, backend: servedFor(DOCUMENTED_MS), expects: clean } },
    '30 s': { fixed: { work: neverCloses, idleTimeoutMs: REAL_MS + MARGIN_MS, expects: clean } },
    '30 s, believed to be 20 s': {
      leaky: { work: neverCloses, expects: { verdict: 'leaked', codes: ['IDLE_PAST_DEADLINE'] } },
      fixed: { work: closesSooner, expects: clean },
    },
  },
})

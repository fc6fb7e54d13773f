/** A server that closes a connection after each second answer: nothing stays open, and every other request pays for a new connection. */

import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent, get, type IncomingMessage } from '../node-http.ts'

const REQUESTS = 6
const PER_CONNECTION = 2
const SIZE_BYTES = 1_000
/** Longer than a busy machine pauses between two requests, or the second takes a connection of its own. */
const IDLE_MS = 3_000

/** One after the other, every body read, over an Agent that would keep its one connection for all of them. */
const askOneByOne: Work = async ({ backend }) => {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS })
  for (let sent = 0; sent < REQUESTS; sent += 1) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${backend.origin}/plain/${SIZE_BYTES}`, { agent }, resolve).on('error', reject)
    })
    let length = 0
    for await (const chunk of response as AsyncIterable<Buffer>) length += chunk.length
    if (length !== SIZE_BYTES) throw new Error(`${length} of ${SIZE_BYTES} bytes came`)
  }
}

const server = { objects: 0, sizeBytes: 0, kinds: ['embedded'] } as const

export default defineScenario({
  name: 'max-requests-per-socket',
  layer: 'server',
  client: 'http.Agent',
  shows: 'a server with two requests per socket makes six requests pay three connections, however well the client keeps them alive',
  backend: s3Backend(server),
  // The server's fault, and the server's fix: the client is the same.
  leaky: {
    work: askOneByOne,
    backend: s3Backend({ ...server, maxRequestsPerConnection: PER_CONNECTION }),
    expects: { verdict: 'clean', codes: ['CONNECTION_CHURN'], connectionsAtMost: REQUESTS / PER_CONNECTION },
  },
  fixed: { work: askOneByOne, expects: { verdict: 'clean', connectionsAtMost: 1 } },
})

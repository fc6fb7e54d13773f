/** With node:http any body leaks that is not resumed, also one of no bytes and the answer to a HEAD. */

import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent, type IncomingMessage, request } from '../node-http.ts'

const REQUESTS = 40
const IDLE_MS = 1_000

interface Ask {
  readonly method: 'GET' | 'HEAD'
  readonly path: string
  readonly maxSockets: number
}

function answerTo({ backend }: WorkContext, agent: Agent, { method, path }: Ask): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(`${backend.origin}${path}`, { agent, method }, resolve).on('error', reject).end()
  })
}

const looksAtTheStatusOnly = (ask: Ask): Work =>
  async function neverResumes(context) {
    const agent = new Agent({ keepAlive: true, maxSockets: ask.maxSockets, timeout: IDLE_MS })
    for (let sent = 0; sent < REQUESTS; sent += 1) {
      context.signal.throwIfAborted()
      await answerTo(context, agent, ask)
    }
  }

const resumes = (ask: Ask): Work =>
  async function resumesEach(context) {
    const agent = new Agent({ keepAlive: true, maxSockets: ask.maxSockets, timeout: IDLE_MS })
    for (let sent = 0; sent < REQUESTS; sent += 1) {
      const response = await answerTo(context, agent, ask)
      await new Promise((resolve) => response.resume().on('close', resolve))
    }
  }

const both = (ask: Ask) =>
  ({
    leaky: {
      work: looksAtTheStatusOnly(ask),
      expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: ask.maxSockets + 1 },
    },
    fixed: { work: resumes(ask), expects: { verdict: 'clean' } },
  }) as const

export default defineScenario({
  name: 'node-http-zero-byte',
  layer: 'backend',
  client: 'node:http',
  shows: 'an empty answer that is never resumed holds its connection: 26 blocks, or 4 with maxSockets 3',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'] }),
  cases: {
    'empty body': both({ method: 'GET', path: '/plain/0', maxSockets: 25 }),
    HEAD: both({ method: 'HEAD', path: '/plain/1000000', maxSockets: 25 }),
    'HEAD, maxSockets 3': both({ method: 'HEAD', path: '/plain/1000000', maxSockets: 3 }),
  },
})

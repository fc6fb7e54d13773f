/** A signal with a timeout, as one bounds a wait. While its request is queued node:http keeps the abort to itself, until a socket frees; here that is never. */

import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent, get, type IncomingMessage } from '../node-http.ts'

const PATIENCE_MS = 500
const IDLE_MS = 1_000
const SIZE_BYTES = 1_000_000

const agentOfOne = (): Agent => new Agent({ keepAlive: true, maxSockets: 1, timeout: IDLE_MS })

/** The answer, its body not read yet. */
function ask({ backend }: WorkContext, options: object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${backend.origin}/plain/${SIZE_BYTES}`, options, resolve).on('error', reject)
  })
}

/** The first keeps the only connection, the second waits for it. */
const trustsTheSignal: Work = async (context) => {
  const agent = agentOfOne()
  await ask(context, { agent })
  const beganMs = performance.now()
  const told = await ask(context, { agent, signal: AbortSignal.timeout(PATIENCE_MS) }).catch((error: Error) => error.name)
  context.measured(
    `aborted after ${PATIENCE_MS} ms, the second was told ${told} after ${Math.round(performance.now() - beganMs)} ms, when the first had been let go of`,
  )
}

/** A timer of the caller's own: it rejects at once, whatever the Agent does with the request. */
async function withinMs<T>(patienceMs: number, asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no connection within ${patienceMs} ms`)), patienceMs)
  })
  try {
    return await Promise.race([asked, tooLong])
  } finally {
    clearTimeout(timer)
  }
}

/** The same wait, and an end to it; then the first body is let go of, so that the connection is free again. */
const waitsWithATimer: Work = async (context) => {
  const agent = agentOfOne()
  const first = await ask(context, { agent })
  const givenUp = new AbortController()
  const second = ask(context, { agent, signal: givenUp.signal })
  second.catch(() => {})
  const beganMs = performance.now()
  const why = await withinMs(PATIENCE_MS, second).then(
    () => null,
    (error: Error) => error.message,
  )
  if (why === null) throw new Error('the second was answered, although the only connection was taken')
  context.measured(`${why}, told after ${Math.round((performance.now() - beganMs) / 100) / 10} s`)
  givenUp.abort()
  let length = 0
  for await (const chunk of first as AsyncIterable<Buffer>) length += chunk.length
  if (length !== SIZE_BYTES) throw new Error(`${length} of ${SIZE_BYTES} bytes came`)
}

export default defineScenario({
  name: 'queued-abort-ignored',
  layer: 'backend',
  client: 'node:http',
  shows: 'an AbortSignal on a queued request of node:http is delivered only when a socket frees: the caller waits on',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'] }),
  leaky: {
    work: trustsTheSignal,
    expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED', 'TIMEOUT_INEFFECTIVE'], blockedAtRequest: 2 },
  },
  fixed: { work: waitsWithATimer, expects: { verdict: 'clean' } },
})

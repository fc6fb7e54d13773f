/** fetch's leak without the luck: who keeps the Response keeps its body from garbage collection, and with it the connection. */
import { Agent, setGlobalDispatcher } from 'undici'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const CONNECTIONS = 25
const REQUESTS = 60
const SIZE_BYTES = 1_000_000
const IDLE_MS = 1_000

/** Built-in fetch knows no limit of its own; what users set is the global dispatcher (an Agent as `{ dispatcher }` of built-in fetch fails). */
function limitFetch({ handOver }: WorkContext): void {
  const agent = new Agent({ connections: CONNECTIONS, keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })
  setGlobalDispatcher(agent)
  handOver(agent)
}

/** Asks one by one and keeps every Response, as one does who wants to look at all the headers in the end. */
async function lengthsOf(context: WorkContext, letGo: (response: Response) => Promise<void>): Promise<void> {
  const { backend, signal } = context
  limitFetch(context)
  const responses: Response[] = []
  for (let sent = 0; sent < REQUESTS; sent += 1) {
    signal.throwIfAborted()
    const response = await fetch(`${backend.origin}/plain/${SIZE_BYTES}`)
    await letGo(response)
    responses.push(response)
  }
  const told = responses.filter(({ headers }) => headers.get('content-length') === String(SIZE_BYTES)).length
  if (told !== REQUESTS) throw new Error(`${told} of ${REQUESTS} responses told the length`)
}

const keepsThem = (context: WorkContext): Promise<void> => lengthsOf(context, async () => {})

const cancelsThem = (context: WorkContext): Promise<void> => lengthsOf(context, async ({ body }) => body?.cancel())

export default defineScenario({
  name: 'fetch-held',
  layer: 'backend',
  client: 'fetch',
  shows: 'Responses kept unread block request 26 of 25 connections; cancelling them works, and costs a connection each',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'] }),
  leaky: { work: keepsThem, expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: 26 } },
  fixed: { work: cancelsThem, expects: { verdict: 'clean', codes: ['CONNECTION_CHURN'] } },
})

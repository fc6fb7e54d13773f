/** fetch's own leak is hidden by luck: garbage collection cancels bodies nobody reads, at the price of a connection for every request. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Agent, setGlobalDispatcher } from 'undici'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const CONNECTIONS = 25
const REQUESTS = 60
const SIZE_BYTES = 1_000_000
/** Longer than a busy machine pauses between two requests, or the second takes a connection of its own. */
const IDLE_MS = 3_000
/** A dropped Response is collected by the first or second; one that is not is held by somebody. */
const MAX_COLLECTIONS = 20
/** Of bodies that were read a collection has nothing to rescue; how often it comes shows nothing, and each marks a heap of 15 MB (30 ms of CPU). */
const READ_TOGETHER = 10

/** Built-in fetch knows no limit of its own; what users set is the global dispatcher (an Agent as `{ dispatcher }` of built-in fetch fails). */
function limitFetch({ handOver }: WorkContext): void {
  const agent = new Agent({ connections: CONNECTIONS, keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })
  setGlobalDispatcher(agent)
  handOver(agent)
}

/**
 * Garbage collection as every process comes to it sooner or later, forced after each request that leaves a body: left to itself the outcome is a toss
 * of coins, 27 to 49 connections for 60 requests (facts.md).
 */
function forceableGc(): (responses: readonly WeakRef<Response>[]) => Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  return async (responses) => {
    for (let tries = 0; tries < MAX_COLLECTIONS; tries += 1) {
      // A deref keeps its target for the rest of the turn, so each try has a turn of its own.
      await new Promise((resolve) => setImmediate(resolve))
      collect()
      if (responses.every((response) => response.deref() === undefined)) return
    }
    throw new Error(`a dropped Response survived ${MAX_COLLECTIONS} garbage collections`)
  }
}

async function eachInTurn(context: WorkContext, together: number, ask: (url: string) => Promise<Response>): Promise<void> {
  limitFetch(context)
  const collected = forceableGc()
  const url = `${context.backend.origin}/plain/${SIZE_BYTES}`
  for (let sent = 0; sent < REQUESTS; sent += together) {
    const responses: WeakRef<Response>[] = []
    while (responses.length < together) {
      context.signal.throwIfAborted()
      responses.push(await dropped(ask(url)))
    }
    await collected(responses)
  }
}

/** Nothing but this keeps the Response. */
const dropped = async (response: Promise<Response>): Promise<WeakRef<Response>> => new WeakRef(await response)

async function dropsTheResponse(context: WorkContext): Promise<void> {
  await eachInTurn(context, 1, async function isThere(url) {
    const response = await fetch(url)
    if (!response.ok) throw new Error(`${url} is not there`)
    return response
  })
}

async function readsTheResponse(context: WorkContext): Promise<void> {
  await eachInTurn(context, READ_TOGETHER, async function isWhole(url) {
    const response = await fetch(url)
    const { byteLength } = await response.arrayBuffer()
    if (byteLength !== SIZE_BYTES) throw new Error(`${byteLength} of ${SIZE_BYTES} bytes came`)
    return response
  })
}

export default defineScenario({
  name: 'fetch-masked-by-gc',
  layer: 'backend',
  client: 'fetch',
  shows: 'garbage collection cancels unread fetch bodies: nothing blocks, and 60 requests pay 60 connections',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'] }),
  leaky: { work: dropsTheResponse, expects: { verdict: 'leaked', codes: ['BODY_RESCUED_BY_GC', 'CONNECTION_CHURN'] } },
  fixed: { work: readsTheResponse, expects: { verdict: 'clean', connectionsAtMost: 3 } },
})

/** Queues in front of pools while the work runs: how long they grew, and for how long somebody waited. */
import type { Agent, ClientRequest } from 'node:http'
import type { HttpClient, QueuePeak } from '../model/ledger-page.ts'
import { type Book, REQUEST_SLOT, type RequestEntry } from './book.ts'
import { isOfWork } from './descent.ts'
import type { Capture } from './stacks.ts'

interface Queue {
  readonly client: HttpClient
  origin: string | null
  /** Null: not known yet. */
  limit: number | null
  maxQueued: number
  /** Since when somebody waits; null: nobody does. */
  sinceMs: number | null
  queuedMs: number
  /** Of the request that made it longest. */
  capture: Capture | null
}

export interface QueueBook {
  /** By http.Agent. */
  readonly ofAgents: Map<object, Queue>
  /** Of all undici pools together: an entry of the queue does not say whose it is. */
  ofPools: Queue | null
}

export const emptyQueues = (): QueueBook => ({ ofAgents: new Map(), ofPools: null })

/** Agents whose queues are remembered; a client per call has a queue for nobody. */
const MAX_AGENTS = 256

function grown(queue: Queue, queued: number, capture: Capture | null): void {
  queue.sinceMs ??= performance.now()
  if (queued <= queue.maxQueued) return
  queue.maxQueued = queued
  queue.capture = capture
}

function drained(queue: Queue): void {
  if (queue.sinceMs === null) return
  queue.queuedMs += performance.now() - queue.sinceMs
  queue.sinceMs = null
}

const emptyQueue = (client: HttpClient): Queue => ({
  client,
  origin: null,
  limit: null,
  maxQueued: 0,
  sinceMs: null,
  queuedMs: 0,
  capture: null,
})

/** A request had to queue inside an undici pool. */
export function noteQueuedInPool(book: Book, capture: Capture): void {
  book.queues.ofPools ??= emptyQueue('undici')
  grown(book.queues.ofPools, book.poolQueue.size, capture)
}

type Asked = ClientRequest & { readonly agent?: Agent | false; readonly [REQUEST_SLOT]?: RequestEntry }

function longest(agent: Agent): readonly [name: string, queued: number] | null {
  let found: readonly [string, number] | null = null
  // Without an array of it: nearly always there is nothing.
  for (const name in agent.requests) {
    const queued = agent.requests[name]?.length ?? 0
    if (queued > (found?.[1] ?? 0)) found = [name, queued]
  }
  return found
}

export function queueRecorders(book: Book): Readonly<Record<string, (message: never) => void>> {
  function asked({ request }: { request: Asked }): void {
    const { agent } = request
    if (!agent || typeof agent.requests !== 'object') return
    const found = longest(agent)
    if (found === null || !isOfWork(book)) return
    const { ofAgents } = book.queues
    let queue = ofAgents.get(agent)
    if (queue === undefined) {
      if (ofAgents.size >= MAX_AGENTS) return
      queue = emptyQueue('node:http')
      ofAgents.set(agent, queue)
    }
    const [name, queued] = found
    const entry = request[REQUEST_SLOT]
    queue.origin ??= entry?.origin ?? null
    queue.limit ??= book.eyes.agentCounts(agent, name)?.limit ?? null
    grown(queue, queued, entry?.capture ?? null)
  }
  function answered({ request: { agent } }: { request: Asked }): void {
    const queue = book.queues.ofAgents.size > 0 && agent ? book.queues.ofAgents.get(agent) : undefined
    if (queue !== undefined && agent && longest(agent) === null) drained(queue)
  }
  /** After the ledger's own recorder, which has taken the request out of the queue. */
  function dispatched({ request }: { request: { readonly [REQUEST_SLOT]?: RequestEntry } }): void {
    const queue = book.queues.ofPools
    if (queue === null || queue.sinceMs === null) return
    const origin = request[REQUEST_SLOT]?.origin ?? null
    queue.origin ??= origin
    if (book.poolQueue.size === 0) drained(queue)
  }
  return { 'http.client.request.created': asked, 'http.client.response.finish': answered, 'undici:request:create': dispatched }
}

/** Connections of undici to an origin: where its pool queues, it has as many as it may. */
function connectionsTo(book: Book, origin: string | null): number | null {
  const count = [...book.sockets].filter(({ pool }) => pool !== null && pool.agent === null && pool.origin === origin).length
  return count === 0 ? null : count
}

/** As the page shows them; `limits` of the undici pools that may be read, by origin. */
export function queuePeaks(book: Book, limits: ReadonlyMap<string, number | null>): readonly QueuePeak[] {
  const { ofAgents, ofPools } = book.queues
  const all = [...ofAgents.values(), ...(ofPools === null ? [] : [ofPools])]
  return all.map((queue) => {
    const { client, origin, maxQueued, sinceMs, queuedMs, capture } = queue
    if (client !== 'node:http') queue.limit ??= limits.get(origin ?? '') ?? connectionsTo(book, origin)
    const forMs = Math.round(queuedMs + (sinceMs === null ? 0 : performance.now() - sinceMs))
    return { client, origin, limit: queue.limit, maxQueued, forMs, isDrained: sinceMs === null, openedAt: capture?.frame() ?? null }
  })
}

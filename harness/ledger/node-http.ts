/** Requests of node:http and node:https, and so of the AWS SDK and every client built on them. */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { type Book, captureFor, entriesAtWork, keep, poolOf, REQUEST_SLOT, type RequestEntry } from './book.ts'
import { numberAfter, rawHeader } from './raw-headers.ts'
import { beginRequest, countFailure, endRequest, noteServerCloses, requestEntryOf } from './request-entries.ts'
import { noteReset } from './resets.ts'
import { noteRequestOn, olderSocket } from './sockets.ts'
import { captureCaller } from './stacks.ts'

type Slotted = ClientRequest & { [REQUEST_SLOT]?: RequestEntry; readonly agent?: (Agent & { getName?(options: object): string }) | false }

function originOf(request: ClientRequest): string {
  const host = request.getHeader('host')
  const authority = typeof host === 'string' && host !== '' ? host : request.host
  return `${request.protocol}//${authority}`
}

/** Kept alive by its Agent and not by the server: Node has taken its `shouldKeepAlive` back when it read the answer. */
function isClosedByServer(request: Slotted): boolean {
  if (request.shouldKeepAlive || !request.agent || (request.agent as { readonly keepAlive?: boolean }).keepAlive !== true) return false
  return !/close/i.test(String(request.getHeader('connection') ?? ''))
}

/** Recorders by channel name. `created`, not `start`: there the user's frame is still on the stack (facts.md). */
export function nodeHttpRecorders(book: Book): Readonly<Record<string, (message: never) => void>> {
  function created({ request }: { request: Slotted }): void {
    const capture = entriesAtWork(request[REQUEST_SLOT])?.capture ?? captureFor(book, created)
    beginRequest(book, request, 'node:http', originOf(request), capture)
  }

  function headers({ request, response }: { request: Slotted; response: IncomingMessage }): void {
    const entry = requestEntryOf(book, request)
    if (entry === undefined) return
    entry.headersAtMs = performance.now()
    entry.response = response
    entry.status = response.statusCode ?? null
    // Not `headers`: Node makes that object only for those who ask, at 2 us a response.
    const { rawHeaders } = response
    entry.bodyBytes = request.method === 'HEAD' ? 0 : numberAfter(rawHeader(rawHeaders, 'content-length'), '')
    if (entry.iteration >= 0) {
      if ((entry.status ?? 0) < 400) book.ok += 1
      else countFailure(book, entry)
    }
    linkSocket(book, entry)
    noteRequestOn(entry, rawHeader(rawHeaders, 'keep-alive'))
    if (isClosedByServer(request)) noteServerCloses(book, entry)
    response.on('close', closed)
    response.on('newListener', listenedTo)
  }

  /** Who pipes the body into something listens for its data, with his frame on the stack: there is none any more when it begins to flow. */
  function listenedTo(this: IncomingMessage & { readonly req?: Slotted }, event: string | symbol): void {
    if (event !== 'data' || this.req === undefined) return
    const wrapper = book.eyes.wrapperOf(this)
    const entry = wrapper === null ? undefined : requestEntryOf(book, this.req)
    if (entry === undefined || wrapper === null || entry.wrapper?.stream.deref() === wrapper) return
    entry.wrapper = { stream: new WeakRef(wrapper), pipedBy: book.level === 'full' ? captureCaller(listenedTo) : null }
  }

  /** One function for all responses: a closure and a once-wrapper for each cost 1 us. */
  function closed(this: IncomingMessage & { readonly req?: Slotted }): void {
    const entry = this.req === undefined ? undefined : requestEntryOf(book, this.req)
    if (entry === undefined) return
    endRequest(book, entry, performance.now())
    if (this.req !== undefined && isStillUploading(this.req)) keepUpload(book, entry, this.req)
  }

  function failed({ request, error }: { request: Slotted; error: unknown }): void {
    const entry = requestEntryOf(book, request)
    if (entry === undefined) return
    countFailure(book, entry)
    // One that was never answered has not met its connection in the book.
    if (request.reusedSocket) linkSocket(book, entry)
    noteReset(book, entry, error)
    if (entry.response === null) endRequest(book, entry, performance.now())
  }

  return {
    'http.client.request.created': created,
    'http.client.response.finish': headers,
    'http.client.request.error': failed,
  }
}

/** Its answer is over, and its own body has not been sent to the end: Node keeps the connection for it. */
export const isStillUploading = ({ writableFinished, destroyed, socket }: ClientRequest): boolean =>
  !writableFinished && !destroyed && socket !== null && !socket.destroyed

function keepUpload(book: Book, entry: RequestEntry, request: ClientRequest): void {
  keep(book, book.uploads, entry)
  request.once('close', () => book.uploads.delete(entry))
}

/** Looks up the connection a request got meanwhile; no channel announces that. */
export function linkSocket(book: Book, entry: RequestEntry): void {
  const request = entry.request as Slotted
  if (entry.socket === null && request.socket) {
    entry.socket = olderSocket(book, request.socket, entry.capture)
  }
  const { agent } = request
  // Without keep-alive an Agent pools nothing: it only counts.
  if (entry.socket !== null && entry.socket.pool === null && agent && typeof agent.getName === 'function') {
    entry.socket.pool = poolOfRequest(book, entry)
  }
}

/** The Agent's pool for the origin of this request; null with `agent: false` or no agent we know. */
export function poolOfRequest(book: Book, entry: RequestEntry): ReturnType<typeof poolOf> | null {
  const { agent } = entry.request as Slotted
  if (!agent || typeof agent.getName !== 'function') return null
  const name = agentNameOf(agent, entry.request as Slotted)
  return name === null ? null : poolOf(book, agent, 'node:http', entry.origin, name)
}

/** The Agent keys its maps by a name it makes of options the request no longer has; so find the map that holds this request or its socket. */
function agentNameOf(agent: Agent, request: ClientRequest): string | null {
  const holds = (map: Readonly<Record<string, readonly unknown[] | undefined>>, item: unknown): string | undefined =>
    Object.entries(map).find(([, list]) => list?.includes(item))?.[0]
  const name =
    (request.socket ? (holds(agent.sockets, request.socket) ?? holds(agent.freeSockets, request.socket)) : undefined) ??
    holds(agent.requests, request)
  if (name !== undefined) return name
  const [only, ...others] = [...new Set([agent.sockets, agent.freeSockets, agent.requests].flatMap((map) => Object.keys(map)))]
  return only !== undefined && others.length === 0 ? only : null
}

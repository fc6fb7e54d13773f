/**
 * The one file that reads a client's private state. Symbols are found by description, never by import; whatever is absent is null.
 *
 * | what                    | where                                        | seen in                              |
 * |-------------------------|----------------------------------------------|--------------------------------------|
 * | socket -> Client        | socket[Symbol(client)]                       | undici 7.29 (Node 24), 7.30, 8.12    |
 * | protocol of a Client    | client[Symbol(http context)].version         | 7.29, 8.12                           |
 * | HTTP/2 session -> Client | session[Symbol(client)]                     | same                                 |
 * | pool of a Client        | listener of the Client's 'connect' event, one closure per pool | same               |
 * |                         | the Pool's own pool[Symbol(onConnect)]       | 7.29, 8.12                           |
 * | idle timeout in force   | client[Symbol(keep alive timeout)]           | same                                 |
 * | configured idle timeout | client[Symbol(default keep alive timeout)]   | same                                 |
 * | timeouts of a Client    | client[Symbol(headers timeout)], [Symbol(body timeout)] | same                      |
 * | signal was aborted      | RequestHandler#reason                        | 8.12                                 |
 * | request -> handler      | request[Symbol(handler)]                     | same                                 |
 * | handler -> body         | RequestHandler#res, fetch's handler.body     | same                                 |
 * | wrapped handler         | RetryHandler#handler, RedirectHandler#handler | 8.12                                |
 * | handler of built-in fetch | a plain object; LegacyHandlerWrapper around it when undici's own Agent is global | 7.29; 8.12 |
 * | asked and not answered  | async resource UNDICI_REQUEST and the like: callback; abort, once a connection begins | 7.29, 7.30, 8.1, 8.12 |
 * | queued in a Pool        | async resource UNDICI_POOL_QUEUED_REQUEST: opts, handler | 8.12                     |
 * | waits in a Client       | client[Symbol(queue)] from client[Symbol(pending index)] on | 7.29, 8.12                |
 * | connections of a Pool   | pool[Symbol(connections)]                    | 7.29, 8.12                           |
 * | timer of a connection   | Timeout: _onTimeout onParserTimeout, _timerArgs a WeakRef | same                    |
 * | clock of its timers     | Timeout: _onTimeout onTick, which speaks of fastNow | 7.29, 8.12                    |
 * | handle -> Http2Session  | handle[Symbol(owner_symbol)]                 | Node 22, 24, 26                      |
 * | stream -> its pipes     | stream._readableState.pipes                  | Node 22, 24, 26                      |
 */
import type { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import type { BodyState, BranchState, H2Session, QueuedRequest, UndiciClientCounts } from '../model/client-eyes.ts'

type Fields = Record<PropertyKey, unknown>

/** Copies of a library whose symbols are remembered; each has its own. */
const MAX_COPIES = 8
const met = new Map<string, symbol[]>()

/** The symbols met so far are tried first: listing those of a request costs 1 us, and every request of undici is asked for its handler. */
function bySymbol(holder: object, description: string): unknown {
  const known = met.get(description)
  if (known !== undefined) {
    for (const symbol of known) {
      const value = (holder as Fields)[symbol]
      if (value !== undefined) return value
    }
  }
  for (const symbol of Object.getOwnPropertySymbols(holder)) {
    if (symbol.description !== description) continue
    if (known === undefined) met.set(description, [symbol])
    else if (known.length < MAX_COPIES && !known.includes(symbol)) known.push(symbol)
    return (holder as Fields)[symbol]
  }
  return undefined
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const finiteOrNull = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)

export function undiciClientOf(socket: object): UndiciClientCounts | null {
  const client = bySymbol(socket, 'client')
  if (!isObject(client)) return null
  const stats = (client as { stats?: { running?: unknown; pending?: unknown } }).stats
  if (!isObject(stats) || typeof stats.running !== 'number' || typeof stats.pending !== 'number') return null
  const listener = (client as EventEmitter).rawListeners?.('connect')[0]
  return {
    // A bare Client has no pool around it and is its own.
    poolToken: typeof listener === 'function' ? listener : client,
    running: stats.running,
    pending: stats.pending,
    idleTimeoutMs: finiteOrNull(bySymbol(client, 'keep alive timeout')),
    configuredIdleTimeoutMs: finiteOrNull(bySymbol(client, 'default keep alive timeout')),
    headersTimeoutMs: finiteOrNull(bySymbol(client, 'headers timeout')),
    bodyTimeoutMs: finiteOrNull(bySymbol(client, 'body timeout')),
  }
}

export function isUndiciHttp2(socket: object): boolean {
  const client = bySymbol(socket, 'client')
  const context = isObject(client) ? bySymbol(client, 'http context') : null
  return isObject(context) && (context as Fields).version === 'h2'
}

/** Requests that wait in a Client behind those on its connection. */
export function undiciLineOf(socket: object): readonly object[] {
  const client = bySymbol(socket, 'client')
  if (!isObject(client) || !undiciClientOf(socket)?.running) return []
  const [queue, from] = [bySymbol(client, 'queue'), bySymbol(client, 'pending index')]
  return Array.isArray(queue) && typeof from === 'number' ? queue.slice(from).filter(isObject) : []
}

export const isUndiciSession = (session: object): boolean => isObject(bySymbol(session, 'client'))

/** Interceptors stacked deeper than this are not looked through. */
const MAX_WRAPPERS = 10

/** The handler of whoever asked, from within the wrappers of retry and redirect. Other interceptors keep theirs in a private field (ledger/asked.ts). */
function askersHandler(handler: object): object {
  let inner = handler
  for (let depth = 0; depth < MAX_WRAPPERS && 'handler' in inner && isObject(inner.handler); depth += 1) inner = inner.handler
  return inner
}

/** Of the copy of undici that asked last: of each request its handler is wanted, and a symbol that stays the same is read at the cost of a field. */
let lastHandlerSymbol: symbol = Symbol('handler')

export function undiciHandlerOf(request: object): object | null {
  let handler = (request as Fields)[lastHandlerSymbol]
  if (handler === undefined) {
    handler = bySymbol(request, 'handler')
    lastHandlerSymbol = met.get('handler')?.find((symbol) => symbol in request) ?? lastHandlerSymbol
  }
  return isObject(handler) ? askersHandler(handler) : null
}

/**
 * fetch hands in a plain object. Built-in fetch speaks the handlers of undici 7, so an Agent of undici 8 that was made global puts a wrapper
 * around them, which hides what it wraps; undici's own API comes by that way only from an older copy of the package.
 */
export function isFetchHandler(handler: object): boolean {
  const { constructor: kind } = handler
  if (kind === Object) return true
  // A function makes up its name for each who asks.
  if (kind !== lastClass) {
    lastClass = kind
    isLastLegacy = kind.name === 'LegacyHandlerWrapper'
  }
  return isLastLegacy
}
let lastClass: unknown = null
let isLastLegacy = false

export function undiciBodyOf(request: object, asker: object | null): BodyState | null {
  const handler = (asker ?? undiciHandlerOf(request)) as Fields | null
  // fetch keeps its body there; on a handler of the API `body` is what is sent.
  const body = handler?.constructor === Object ? handler.body : handler?.res
  return isObject(body) && typeof (body as Readable).readableLength === 'number' ? readableState(body) : null
}

/**
 * Stream state as Node documents it. A listener alone is no reader: the AWS SDK's checksum wrapper listens for 'data' and pauses the body
 * until somebody reads the wrapper, so what counts is whether bytes flow, or a pipe or a 'readable' listener will ask for them.
 */
export function readableState(stream: object): BodyState {
  const readable = stream as Readable & { readonly _readableState?: { readonly pipes?: readonly unknown[] } }
  const isPiped = (readable._readableState?.pipes?.length ?? 0) > 0
  const isActive = readable.readableFlowing === true || readable.listenerCount('readable') > 0 || isPiped
  const reader = isActive ? 'active' : readable.readableDidRead ? 'stopped' : 'none'
  return { reader, bufferedBytes: readable.readableLength }
}

/** Wrappers piped into one another deeper than this are not looked through. */
const MAX_PIPES = 10

/** node-fetch's clone: the stream at the end of a chain of single pipes is piped into two. */
export function branchesOf(stream: object): readonly BranchState[] | null {
  let at = stream as Readable & { readonly _readableState?: { readonly pipes?: readonly Readable[] } }
  for (let depth = 0; depth < MAX_PIPES; depth += 1) {
    const pipes = at._readableState?.pipes?.filter(isWrapper) ?? []
    const [first, second] = pipes as readonly Readable[]
    if (first === undefined) return null
    if (second !== undefined) return (pipes as readonly Readable[]).map((branch) => (branch.readableDidRead ? 'taken' : 'unread'))
    at = first
  }
  return null
}

/** A connection and an HTTP/2 stream can be read as well, but end where they are written to; only such have a timeout of their own. */
const isWrapper = (stream: unknown): stream is object =>
  isObject(stream) && typeof (stream as Fields).read === 'function' && typeof (stream as Fields).setTimeout !== 'function'

export function wrapperOf(stream: object): object | null {
  const { _readableState: state } = stream as { readonly _readableState?: { readonly pipes?: readonly unknown[] } }
  return state?.pipes?.find(isWrapper) ?? null
}

/** A handler of undici's API drops its callback once it has answered or failed its request. */
export const isAsking = (resource: object): boolean | null => ('callback' in resource ? resource.callback !== null : null)

/** It takes the way to end its request from whoever puts that on a connection. A retry begins again and does not give it back. */
export const hasBegun = (resource: object): boolean => (resource as Fields).abort != null

export function queuedRequestOf(resource: object, hidden: object | null): QueuedRequest | null {
  const { opts, handler } = resource as { opts?: Fields; handler?: unknown }
  if (!isObject(opts) || !isObject(handler)) return null
  const asker = hidden ?? askersHandler(handler)
  return {
    origin: opts.origin === undefined ? null : String(opts.origin),
    path: typeof opts.path === 'string' ? opts.path : null,
    method: typeof opts.method === 'string' ? opts.method : 'GET',
    handler: asker,
    isOver: isAsking(asker) === false,
    // An interceptor's handler may have a `reason` that means something else.
    isGivenUp: isAsking(asker) !== null && (asker as Fields).reason != null,
  }
}

/** The timer undici sets on each connection between requests, and the one clock of all its longer ones; it drops their ref as soon as it has them, so they hold nobody. */
export function isUndiciTimer(timer: object): boolean {
  const { _onTimeout: callback, _timerArgs: args } = timer as Fields
  if (typeof callback !== 'function') return false
  if (callback.name === 'onParserTimeout') return Array.isArray(args) && args[0] instanceof WeakRef
  return callback.name === 'onTick' && String(callback).includes('fastNow')
}

/** HTTP/2 as node:http2 numbers its sides (constants.NGHTTP2_SESSION_CLIENT). */
const SESSION_CLIENT = 1

export function h2SessionOf(resource: object): H2Session | null {
  const session = bySymbol(resource, 'owner_symbol')
  if (!isObject(session) || !('destroyed' in session)) return null
  const { destroyed, closed, type, socket } = session as {
    destroyed: unknown
    closed?: unknown
    type?: unknown
    socket?: { localPort?: number } | undefined
  }
  return {
    isClosing: closed === true,
    isOpen: destroyed !== true,
    isClient: type === SESSION_CLIENT,
    localPort: destroyed === true ? null : (socket?.localPort ?? null),
  }
}

/** The connection limit of an undici Pool; Infinity when it has none, null when it is not a Pool we know. */
export function undiciLimitOf(pool: object): number | null {
  const symbols = Object.getOwnPropertySymbols(pool)
  const connections = symbols.find((symbol) => symbol.description === 'connections')
  if (connections === undefined) return null
  const value = (pool as Fields)[connections]
  return typeof value === 'number' ? value : Number.POSITIVE_INFINITY
}

/** Pools of an undici Agent by origin. */
export function undiciPoolsOf(dispatcher: object): readonly object[] {
  const clients = bySymbol(dispatcher, 'clients')
  if (!(clients instanceof Map)) return []
  return [...clients.values()]
    .map((value: unknown) => (isObject(value) && 'dispatcher' in value ? value.dispatcher : value))
    .filter(isObject)
}

/** Origin of an undici Pool or Client. */
export function undiciOriginOf(pool: object): string | null {
  const url = bySymbol(pool, 'url')
  return url instanceof URL ? url.origin : null
}

/** What the connections of a pool know it by (`poolToken`); a bare Client is its own. */
export function undiciPoolTokenOf(pool: object): object | null {
  const token = bySymbol(pool, 'onConnect')
  if (typeof token === 'function') return token
  const { stats } = pool as { stats?: { connected?: unknown } }
  return isObject(stats) && typeof stats.connected === 'boolean' ? pool : null
}

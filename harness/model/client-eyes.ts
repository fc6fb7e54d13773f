/** Counters of one http.Agent for one origin. */
export interface AgentCounts {
  readonly leased: number
  readonly idle: number
  readonly queued: number
  /** Infinity: no limit. */
  readonly limit: number
  /** Infinity: none. */
  readonly idleTimeoutMs: number
}

/** What an undici Client says of itself. */
export interface UndiciClientCounts {
  /** Anything by which two connections of the same pool know each other. */
  readonly poolToken: object
  readonly running: number
  readonly pending: number
  /** In force on this connection now: configured value, or the server's hint within its cap. Null: unknown. */
  readonly idleTimeoutMs: number | null
  /** As configured (keepAliveTimeout). Null: unknown. */
  readonly configuredIdleTimeoutMs: number | null
  /** As configured; 0: none. Null: unknown. */
  readonly headersTimeoutMs: number | null
  readonly bodyTimeoutMs: number | null
}

/** What an undici Pool says of itself, one for each origin of an Agent. */
export interface UndiciPoolStats {
  readonly origin: string | null
  /** Requests that wait in it. */
  readonly queued: number
  /** Infinity: none. Null: unknown. */
  readonly limit: number | null
  /** Equal to the `poolToken` of its connections; null: unknown. */
  readonly poolToken: object | null
}

/** Who reads a body: nobody ever, somebody now, somebody began and let it lie; null when it cannot be seen. */
export type Reader = 'none' | 'active' | 'stopped' | null

/** What became of one branch of a body that was split: somebody reads it or has cancelled it, nobody ever did, it is not there any more. */
export type BranchState = 'taken' | 'unread' | 'gone'

export interface BodyState {
  readonly reader: Reader
  /** Bytes that wait in the client's buffer for a reader; null when unknown. */
  readonly bufferedBytes: number | null
}

/** An HTTP/2 session behind an async resource of type HTTP2SESSION. */
export interface H2Session {
  readonly isOpen: boolean
  /** Its close() was called: it waits for its streams. */
  readonly isClosing: boolean
  readonly isClient: boolean
  readonly localPort: number | null
}

/** A request waiting inside an undici Pool, which no channel shows. */
export interface QueuedRequest {
  readonly origin: string | null
  readonly path: string | null
  readonly method: string
  /** The handler that will reappear on the dispatched request. */
  readonly handler: object
  /** It was failed while it waited. */
  readonly isOver: boolean
  /** Its signal was aborted, and nobody has been told. */
  readonly isGivenUp: boolean
}

/**
 * Reads the state of HTTP clients without changing it. Implemented in probes/ and handed to the ledger by whoever starts it, because
 * ledger/ and probes/ may not import each other. Every answer may be null: the client's version is unknown to us.
 */
export interface ClientEyes {
  agentCounts(agent: object, poolName: string): AgentCounts | null
  /** Idle sockets of an agent, over all origins. */
  agentIdleSockets(agent: object): ReadonlySet<object>
  /** Its sockets in use, over all origins. */
  agentLeasedSockets(agent: object): ReadonlySet<object>
  undiciClientOf(socket: object): UndiciClientCounts | null
  /** The requests that wait in undici until this connection is free. */
  undiciLineOf(socket: object): readonly object[]
  /** Does undici speak HTTP/2 over this connection? */
  isUndiciHttp2(socket: object): boolean
  /** Is this HTTP/2 session one that undici has made for itself? */
  isUndiciSession(session: object): boolean
  undiciHandlerOf(request: object): object | null
  /** Is this handler fetch's, and not one of undici's own API? */
  isFetchHandler(handler: object): boolean
  /** @param asker the handler of undici's API, where the request's own hides it. */
  undiciBodyOf(request: object, asker: object | null): BodyState | null
  readableState(stream: object): BodyState
  /** Where a body is piped into two: the branches. Null where it is not. */
  branchesOf(stream: object): readonly BranchState[] | null
  /** The wrapper that a body is piped into: a stream that is read in its place. Null where there is none, or where it is the end of the way, like a file or a connection. */
  wrapperOf(stream: object): object | null
  /** A request that undici's API was asked for and has neither answered nor failed; null where it does not say. */
  isAsking(resource: object): boolean | null
  /** Has a connection begun with the request of this handler of undici's API? It has been shown by a channel then. */
  hasBegun(resource: object): boolean
  /** @param hidden the handler of undici's API, where the entry's own hides it. */
  queuedRequestOf(resource: object, hidden: object | null): QueuedRequest | null
  h2SessionOf(resource: object): H2Session | null
  /** A timer of undici's own, which it makes for a connection and which holds nobody. */
  isUndiciTimer(timer: object): boolean
  /** The pools of a dispatcher that was handed over (or is the global one). */
  dispatcherStats(dispatcher: object): readonly UndiciPoolStats[] | null
}

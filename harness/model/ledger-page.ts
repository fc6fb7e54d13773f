/** What the ledger of one subject says, as plain data. Over 250 lines because it is one document and each of its fields is explained. */
import type { BranchState, Reader } from './client-eyes.ts'
import type { Missing } from './sighting.ts'

/** One line of the subject's own code. */
export interface Frame {
  /** Absolute path, as the stack said (mapped back to the source by whoever prints it). */
  readonly file: string
  readonly line: number
  readonly column: number
  readonly function: string | null
}

export type HttpClient = 'node:http' | 'node:http2' | 'undici' | 'fetch'

/**
 * Where a request stands.
 * `queued`: no connection yet. `sent`: on a connection, no headers. `headers`: headers came, body not finished. `answered`: the answer is over, and the
 * request is not: its own body was never sent to the end (node:http alone waits for that).
 */
export type RequestPhase = 'queued' | 'sent' | 'headers' | 'answered'

/** A request that has not ended at the moment of the page. */
export interface OpenRequest {
  readonly id: number
  readonly client: HttpClient
  readonly method: string
  /** `http://host:port`; null for an undici request that no channel has shown yet (queued inside a Pool). */
  readonly origin: string | null
  /** Path without its query: a query may carry a signature. */
  readonly path: string | null
  readonly phase: RequestPhase
  readonly status: number | null
  /** Milliseconds on the subject's clock (performance.now). */
  readonly createdAtMs: number
  readonly headersAtMs: number | null
  /** From Content-Length; null when unknown (chunked). */
  readonly bodyBytes: number | null
  /** Bytes of the body the client has parsed so far; null when it does not say (node:http). */
  readonly receivedBytes: number | null
  readonly reader: Reader
  /** A stream of an HTTP/2 session: one of many on its connection. */
  readonly isStream: boolean
  /** The body was split (clone, tee, two pipes): what became of its branches, in order. Null: it was not, as far as can be seen. */
  readonly branches: readonly BranchState[] | null
  /** Where it was split; null: unknown. */
  readonly branchedAt: Frame | null
  /** Whoever was handed the body destroyed it, but that was a wrapper around it: the connection never heard of it. */
  readonly isLetGo: boolean
  /** Waits for a connection that others have: in the queue of its Agent, Pool or Client. False while its own is being made. */
  readonly isInLine: boolean
  /** Waits inside an undici Pool for one of its connections, which no channel shows. */
  readonly waitsInPool: boolean
  /** The timeout its client was given for this phase; null: none that we can see. */
  readonly bound: { readonly name: string; readonly ms: number } | null
  /** Given up (destroyed, aborted) by whoever asked, so long ago at least, while it was queued: the client has told nobody yet. Null: it was not. */
  readonly givenUpMs: number | null
  /** Bytes that wait in the client's buffer for a reader; null when unknown. */
  readonly bufferedBytes: number | null
  /** Bytes its socket has taken from the kernel so far: two pages with the same number mean that nothing moved. Null without a socket. */
  readonly socketBytesRead: number | null
  /** Bytes of its own body that its socket has taken from it, with what else went out there. Null without a socket. */
  readonly socketBytesWritten: number | null
  /** The call that the subject's own server was answering when it was made; null: none. */
  readonly servedFor: { readonly method: string; readonly path: string; readonly leftAtMs: number | null } | null
  /** Which iteration of the work sent it; -1 before the baseline. */
  readonly iteration: number
  /** Identity of the socket it is on. */
  readonly socketId: number | null
  readonly poolId: number | null
  /** The user's own frame, else null. */
  readonly openedAt: Frame | null
  /** Without a frame: the package that made the call. Null: not known, or not needed. */
  readonly openedBy: string | null
  /** Position among all requests made at the same line (of unknown ones: among themselves), from 1; null while nothing is queued, or when it could not be kept. */
  readonly ordinalAtSite: number | null
}

/** A response of one of the subject's own HTTP servers that its handler has begun and not ended. */
export interface OpenResponse {
  readonly id: number
  readonly method: string
  /** Path without its query. */
  readonly path: string
  /** Of the server's end: `http://address:port`; null on anything but TCP. */
  readonly origin: string | null
  /** Null while its headers were not written. */
  readonly status: number | null
  readonly startedAtMs: number
  /** Bytes its connection has sent so far: two pages with the same number mean that nothing moved. */
  readonly socketBytesWritten: number
  /** It is the peer's turn: it reads nothing, or has not sent all of its request. */
  readonly waitsForPeer: boolean
  /** Endless by design: text/event-stream. */
  readonly isEventStream: boolean
  readonly localPort: number | null
  readonly remotePort: number | null
  readonly iteration: number
  /** The work itself made the server listen. */
  readonly isOwnServer: boolean
  /** The handler, where its place can be told, else the line that made the server listen. */
  readonly openedAt: Frame | null
  /** Where its headers were written. */
  readonly lastTouchedAt: Frame | null
}

/** A client socket that was opened in the subject and is not destroyed. */
export interface LedgerSocket {
  readonly id: number
  /** Kernel inode; null where /proc is missing or the descriptor was gone. */
  readonly inode: string | null
  readonly localPort: number | null
  readonly remotePort: number | null
  /** A Unix socket or a named pipe: no connection of TCP, so no kernel probe lists it. */
  readonly isPipe: boolean
  readonly role: 'outbound' | 'inbound'
  /** Who owns it: an http.Agent, an undici pool, an HTTP server, or nobody. */
  readonly owner: 'node:http' | 'undici' | 'http.Server' | 'http2' | null
  readonly poolId: number | null
  /** Idle in a pool: open, reusable, without a request. */
  readonly isIdle: boolean
  /** Its http.Agent counts it as in use. */
  readonly isLeased: boolean
  /** Its http.Agent counts it, in use or idle, and there is no descriptor beneath it any more. */
  readonly isHollow: boolean
  /** Idle timeout in force on our side: a number of ms, Infinity for none, null when unknown. */
  readonly idleTimeoutMs: number | null
  /** `timeout=` of the last Keep-Alive header the server sent, ms. */
  readonly serverHintMs: number | null
  readonly origin: string | null
  readonly openedAtMs: number
  readonly iteration: number
  /** Where it was opened, which for a pooled one is the request that needed it. */
  readonly openedAt: Frame | null
  readonly requestsServed: number
  /** Accepted by an http.Server, and the first request has not come whole yet: how long it may take, and how often that is looked at. Null: not so. */
  readonly headersDue: { readonly withinMs: number; readonly checkedEveryMs: number } | null
  /** What of its opening is not over yet: the TCP connection itself, or the TLS handshake on it. */
  readonly opening: 'connect' | 'tls' | null
  /** The peer has ended its side and our side was kept open (allowHalfOpen). */
  readonly peerEnded: boolean
}

/** A pool of connections to one origin. */
export interface PoolPage {
  readonly id: number
  readonly client: HttpClient
  readonly origin: string
  readonly leased: number
  readonly idle: number
  readonly queued: number
  /** Connections it may open to this origin; Infinity for no limit; null when unknown. */
  readonly limit: number | null
  /** Idle timeout the client was configured with; Infinity for none; null when unknown. */
  readonly idleTimeoutMs: number | null
  /** Known to exist before the baseline. */
  readonly isOlderThanBaseline: boolean
}

/** A pool that was asked, when all was over, whether it still serves: for one connection more than it may have, one after the other, nothing sent. */
export interface PoolRecovery {
  readonly poolId: number
  readonly wanted: number
  /** As many came before one did not. */
  readonly served: number
  readonly patienceMs: number
}

/** A resource other than an HTTP request that was opened during the work and is still there. */
export interface OpenHandle {
  readonly id: number
  /** libuv / async_hooks type: Timeout, TCPSERVERWRAP, FSEVENTWRAP, WORKER, PROCESSWRAP, ...; FILE and, closed by nobody but garbage collection, FILE_COLLECTED. */
  readonly type: string
  /** Does it keep the process alive; null when it cannot say. */
  readonly isReferenced: boolean | null
  /** Extra words for people: port of a server, pid of a child, path of a file. */
  readonly detail: string | null
  /** Local port of a server, for pairing with the kernel. */
  readonly port: number | null
  /** Number of a file's descriptor, for pairing with the kernel. */
  readonly descriptor: number | null
  readonly openedAtMs: number
  readonly iteration: number
  readonly openedAt: Frame | null
  /** Made by the user's own call, not by a dependency that he called. */
  readonly isOwnCall: boolean
}

/** A server whose close was asked for and waits for connections. */
export interface BlockedClose {
  readonly connections: number
  /** The port it listened on; null when it cannot be told any more. */
  readonly port: number | null
  /** Where close() was called. */
  readonly openedAt: Frame | null
}

/** Listeners of one line that pile up on one long-lived target. */
export interface ListenerStack {
  readonly event: string
  readonly target: string
  readonly count: number
  readonly openedAt: Frame | null
}

/** A queue in front of a pool, at its longest. */
export interface QueuePeak {
  readonly client: HttpClient
  readonly origin: string | null
  /** Connections the pool may have; null: unknown. */
  readonly limit: number | null
  readonly maxQueued: number
  /** How long somebody waited, all in all. */
  readonly forMs: number
  /** Nobody waits any more. */
  readonly isDrained: boolean
  /** The request that made it longest. */
  readonly openedAt: Frame | null
}

/** Connections the client would have kept, and the server's last answer said that it closes them. */
export interface ServerCloses {
  readonly count: number
  readonly origin: string
  /** Answers such a connection had carried by then. */
  readonly leastAnswers: number
  readonly mostAnswers: number
}

/** Attempts that failed because no descriptor was left (EMFILE, ENFILE). */
export interface Exhaustion {
  readonly count: number
  /** By their wording: system call, code, and the host name where it was the resolver that failed. */
  readonly attempts: readonly { readonly says: string; readonly isDns: boolean; readonly count: number }[]
  /** Open at the first failure; null: unknown. */
  readonly descriptors: number | null
  /** Soft limit of the process when the work began; null: unknown. */
  readonly limit: number | null
  /** What was attempted first, as far as a line is known. */
  readonly openedAt: Frame | null
}

/** What became of a body that garbage collection cancelled: nobody wanted it, somebody holds it still, somebody has read it since and got nothing. */
export type BodyFate = 'dropped' | 'held' | 'read'

/** Bodies of one line that garbage collection cancelled; nobody else did. */
export interface RescuedBody {
  /** Null, and so what follows, for a body that had come whole: its request was over. */
  readonly origin: string | null
  readonly method: string | null
  readonly path: string | null
  readonly count: number
  readonly fate: BodyFate
  /** Their sizes by Content-Length, as far as known. */
  readonly bodyBytes: number
  readonly openedAt: Frame | null
  /** Where it was read since. */
  readonly lastTouchedAt: Frame | null
}

/** A request that died, without a byte of an answer, on a connection it had got from a pool where that had idled. */
export interface IdleReset {
  readonly client: HttpClient
  readonly origin: string
  readonly method: string
  readonly path: string
  /** `ECONNRESET` */
  readonly says: string
  /** How long the connection had idled when the request was made. */
  readonly idleForMs: number
  /** `timeout=` of the last Keep-Alive header it had brought, ms. */
  readonly serverHintMs: number | null
  readonly openedAt: Frame | null
}

/** What a process answers, instead of asks. */
export interface Served {
  readonly requests: number
  /** Those of them that did not come from the process that answers. */
  readonly outside: number
  /** Begun and neither answered in full nor given up. */
  readonly inFlight: number
  /** Connections accepted. */
  readonly accepted: number
}

/** The few numbers that tell whether anything goes on: a page costs milliseconds, these cost nothing. */
export interface Pulse {
  readonly served: Served
  readonly sent: number
  readonly ok: number
  readonly failed: number
  /** Requests that have not ended. */
  readonly open: number
  /** Ports at the far end of connections that brought requests from other processes, the last of them. */
  readonly callers: readonly number[]
  /** Local ports of connections that it opened itself: those that are there, and the last that were answered on. */
  readonly dialled: readonly number[]
}

export type LedgerLevel = 'full' | 'sampled' | 'off'

/** Everything one subject's ledger knows at one moment: plain data, JSON-safe except Infinity. */
export interface LedgerPage {
  readonly level: LedgerLevel
  /** The subject's clock at the moment of the page; all times of a page are on it. */
  readonly atMs: number
  /** Wall-clock time of 0 on the subject's clock, ms since 1970: what makes the clocks of several processes comparable. */
  readonly timeOriginMs: number
  readonly requests: readonly OpenRequest[]
  readonly responses: readonly OpenResponse[]
  readonly sockets: readonly LedgerSocket[]
  readonly pools: readonly PoolPage[]
  readonly handles: readonly OpenHandle[]
  readonly rescued: readonly RescuedBody[]
  readonly blockedCloses: readonly BlockedClose[]
  readonly listenerStacks: readonly ListenerStack[]
  /** Queues that formed while the work ran. */
  readonly queues: readonly QueuePeak[]
  /** Resets of connections that had idled, of the work; bounded. */
  readonly resets: readonly IdleReset[]
  /** Null: no server did so during the work. */
  readonly serverCloses: ServerCloses | null
  /** Null: a descriptor was there for every attempt of the work. */
  readonly exhausted: Exhaustion | null
  /** Requests of the work. */
  readonly counts: {
    readonly sent: number
    readonly ok: number
    readonly failed: number
    readonly connectionsOpened: number
    /** Most requests open at one time. */
    readonly peakOpen: number
  }
  /** What its own HTTP servers answered since the ledger started. */
  readonly served: Served
  /** Response times of ended requests of the work (created to end of body), ms; bounded. */
  readonly durationsMs: readonly number[]
  /** Entries the ledger could not keep. */
  readonly dropped: number
  /** Subscribers that threw; anything but 0 makes the verdict inconclusive. */
  readonly subscriberErrors: readonly string[]
  readonly missing: readonly Missing[]
}

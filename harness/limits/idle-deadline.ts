/** undici's timers have a resolution of 0.5 s: what is negotiated is met within this (facts.md). */
const TOLERANCE_MS = 1_000
/** Without any negotiated timeout: AIStore's default idle time for peers and clouds. */
const DEFAULT_MS = 6_000
/** Idle timeouts beyond this are not waited out for real (product.md). */
const LONGEST_MS = 30_000

/**
 * Where the caller named no contract and idle connections are not waited for: so long may anything else take to close. Less than the 5 s that vitest and jest
 * give a test, so that a leak is told by its line and not by their timeout.
 */
export const UNNAMED_DEADLINE_MS = 4_000

/** The two sides of one idle connection; null where a side said nothing, Infinity for none. */
export interface NegotiatedIdle {
  readonly clientMs: number | null
  readonly serverHintMs: number | null
}

/** When an idle connection should be gone: the earlier of both sides; Infinity when neither has a limit. */
export function negotiatedIdleMs({ clientMs, serverHintMs }: NegotiatedIdle): number {
  return Math.min(clientMs ?? Number.POSITIVE_INFINITY, serverHintMs ?? Number.POSITIVE_INFINITY)
}

/** How long to wait for the baseline when the caller named no contract, ms. */
export function deriveDeadlineMs(connections: readonly NegotiatedIdle[]): number {
  const finite = connections.map(negotiatedIdleMs).filter(Number.isFinite)
  const longest = finite.length > 0 ? Math.max(...finite) : DEFAULT_MS - TOLERANCE_MS
  return Math.min(LONGEST_MS, longest + TOLERANCE_MS)
}

/** What a client makes of `Keep-Alive: timeout=` in an answer: it takes the server's word, only a shorter one than its own, or none. */
export type HintUse = 'overrides' | 'shortens' | 'ignored'

/** Clients by how they idle, with what they do when nobody tells them otherwise. */
export const IDLE_CLIENTS = {
  /** lib/dispatcher/client.js of 8.12.4; built-in fetch is the same code. */
  undici: { hint: 'overrides', idleMs: 4_000, maxIdleMs: 600_000 },
  fetch: { hint: 'overrides', idleMs: 4_000, maxIdleMs: 600_000 },
  /** Node 24: `timeout: 5000` among its options. */
  'http.globalAgent': { hint: 'shortens', idleMs: 5_000, maxIdleMs: null },
  /** `new http.Agent({ keepAlive: true })`: without a timeout of its own it ignores the hint, too. */
  'http.Agent': { hint: 'shortens', idleMs: null, maxIdleMs: null },
  /** @smithy/node-http-handler 4.14.2: an Agent without a timeout. */
  'aws-sdk': { hint: 'shortens', idleMs: null, maxIdleMs: null },
  /** minio-js 8.0.7 takes http.globalAgent. */
  'minio-js': { hint: 'shortens', idleMs: 5_000, maxIdleMs: null },
  /** Both make an Agent with keepAlive and nothing else. */
  azure: { hint: 'shortens', idleMs: null, maxIdleMs: null },
  gcs: { hint: 'shortens', idleMs: null, maxIdleMs: null },
  /** net/http.DefaultTransport; no Go client reads the hint. */
  go: { hint: 'ignored', idleMs: 90_000, maxIdleMs: null },
} as const satisfies Record<string, { hint: HintUse; idleMs: number | null; maxIdleMs: number | null }>
export type IdleClient = keyof typeof IDLE_CLIENTS

/** undici's keepAliveTimeoutThreshold. */
const UNDICI_MARGIN_MS = 2_000
/** http.Agent's agentKeepAliveTimeoutBuffer. */
const AGENT_MARGIN_MS = 1_000
/** http.Server's keepAliveTimeoutBuffer: it closes so much later than it announces. */
export const SERVER_BUFFER_MS = 1_000

/** One client's idea of how long a connection may idle. */
export interface ClientIdle {
  readonly hint: HintUse
  /** As configured; null or Infinity: none. */
  readonly idleMs: number | null
  /** Most that a hint may make of it (undici's keepAliveMaxTimeout); null: no such knob. */
  readonly maxIdleMs: number | null
}

/** What is in force on the client's side once the server has spoken, ms: Infinity for no timeout, 0 when the connection is not kept at all. */
export function clientIdleInForceMs({ hint, idleMs, maxIdleMs }: ClientIdle, hintMs: number | null): number {
  const ownMs = idleMs ?? Number.POSITIVE_INFINITY
  if (hintMs === null || hint === 'ignored') return ownMs
  if (hint === 'overrides') return Math.max(0, Math.min(hintMs - UNDICI_MARGIN_MS, maxIdleMs ?? Number.POSITIVE_INFINITY))
  // An Agent compares with its own timeout, and none is 0 there: only a hint of a second or less still counts.
  const hintedMs = Math.max(0, hintMs - AGENT_MARGIN_MS)
  if (hintedMs === 0) return 0
  return Number.isFinite(ownMs) ? Math.min(ownMs, hintedMs) : ownMs
}

/** One cell of the table client x server. */
export interface IdleCell {
  readonly client: IdleClient
  /** What the client was told; absent: its default. null or Infinity: no timeout. */
  readonly clientIdleMs?: number | null
  /** undici's keepAliveMaxTimeout; absent: its default. */
  readonly clientMaxIdleMs?: number
  /** When the server closes by itself (before its buffer); null, 0 or Infinity: never. */
  readonly serverKeepAliveMs: number | null
  /** `timeout=` of its Keep-Alive header, whole seconds; null: it sends none. */
  readonly hintSeconds: number | null
  /** What the server adds to it; absent: http.Server's second. */
  readonly serverBufferMs?: number
}

/**
 * When an idle connection is gone, at the latest: min(client idle(hint), server idle + buffer) + tolerance, ms. Infinity when neither side ever closes.
 * Measured in facts.md, and by the scenario idle-return-table.
 */
export function idleDeadlineMs(cell: IdleCell): number {
  const { client, clientIdleMs, clientMaxIdleMs, serverKeepAliveMs, hintSeconds, serverBufferMs = SERVER_BUFFER_MS } = cell
  const known = IDLE_CLIENTS[client]
  const idle: ClientIdle = {
    hint: known.hint,
    idleMs: clientIdleMs === undefined ? known.idleMs : clientIdleMs,
    maxIdleMs: clientMaxIdleMs ?? known.maxIdleMs,
  }
  const serverMs = serverKeepAliveMs === null || serverKeepAliveMs === 0 ? Number.POSITIVE_INFINITY : serverKeepAliveMs + serverBufferMs
  return Math.min(clientIdleInForceMs(idle, hintSeconds === null ? null : hintSeconds * 1_000), serverMs) + TOLERANCE_MS
}

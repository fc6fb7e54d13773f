/**
 * Every finding code with its severity: the one registry. docs/findings/ has a page for each, and a test holds both in step.
 * This table grows with the rules in diagnosis/; a code nobody can find is not listed.
 */
export const SEVERITY_OF = {
  UNREAD_BODY: 'leak',
  BODY_RESCUED_BY_GC: 'leak',
  TRUNCATED_BY_GC: 'leak',
  CLONE_BRANCH_UNREAD: 'leak',
  LOST_POOL_SLOT: 'leak',
  REQUEST_OUTLIVES_CALLER: 'leak',
  REQUEST_BODY_ABANDONED: 'leak',
  UPSTREAM_NOT_CANCELLED: 'leak',
  CONNECT_STALLED: 'leak',
  TLS_STALLED: 'leak',
  HEADERS_STALLED: 'leak',
  BODY_STALLED: 'leak',
  RESPONSE_NEVER_ENDED: 'leak',
  SOCKET_LEFT_OPEN: 'leak',
  PEER_CLOSED: 'leak',
  CLIENT_PER_CALL: 'leak',
  IDLE_PAST_DEADLINE: 'leak',
  H2_STREAM_OPEN: 'leak',
  H2_SESSION_OPEN: 'leak',
  SERVER_CLOSE_BLOCKED: 'leak',
  LISTENER_STACKING: 'leak',
  FILE_LEFT_OPEN: 'leak',
  GROWTH: 'leak',
  HANDLE_LEFT: 'leak',
  SERVER_LEFT_LISTENING: 'leak',
  TIMER_LEFT: 'leak',
  WATCHER_LEFT: 'leak',
  WORKER_LEFT: 'leak',
  CHILD_LEFT: 'leak',
  WORK_HUNG: 'starvation',
  POOL_STARVED: 'starvation',
  DESCRIPTORS_EXHAUSTED: 'starvation',
  IDLE_RACE: 'misconfiguration',
  LIMIT_UNENFORCED: 'misconfiguration',
  LIMIT_CONTRADICTION: 'misconfiguration',
  TIMEOUT_INEFFECTIVE: 'misconfiguration',
  CONNECTION_CHURN: 'churn',
  // A misconfiguration where limits are judged (judgeLimits, limits check): every default AWS client would be one otherwise.
  TIMEOUT_MISSING: 'note',
  POOL_SATURATED: 'note',
  ALLOWANCE_UNUSED: 'note',
} as const satisfies Record<string, Severity>

export type FindingCode = keyof typeof SEVERITY_OF

/** Most severe first. */
export const SEVERITIES = ['leak', 'starvation', 'misconfiguration', 'churn', 'note'] as const
export type Severity = (typeof SEVERITIES)[number]

export type LedgerName = 'requests' | 'pools' | 'kernel' | 'peer'

export interface Evidence {
  readonly ledger: LedgerName
  readonly says: string
  readonly value: number | string | null
}

/** A place in the source. `file` is relative to the working directory, with forward slashes. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly function: string | null
}

/** One thing that is wrong, about one group of resources: the JSON shape of product.md. */
export interface Finding {
  readonly code: FindingCode
  readonly severity: Severity
  readonly count: number
  readonly origin: string | null
  readonly request: { readonly method: string; readonly path: string; readonly status: number | null } | null
  readonly openedAt: Place | null
  readonly lastTouchedAt: Place | null
  readonly summary: string
  readonly evidence: readonly Evidence[]
  readonly advice: string
  readonly fingerprint: string
}

/**
 * The metrics we expose, as plain data: the door `watertight/metrics`, the cluster in fixtures/, the alert rules and the guide must not disagree about a name.
 *
 * OpenTelemetry's names where it has one, in Prometheus' spelling by its compatibility rules: dots become underscores, a unit in braces is dropped,
 * seconds are appended, counters end in `_total`. It has no words for the queue and the limit of an HTTP pool, so they are called after those of its
 * database pools (`db.client.connection.pending_requests`, `db.client.connection.max`). What nobody else measures begins with `watertight_`.
 */

/** Where a connection leads; `other` for what came after the bound on their number. */
const SERVER = ['layer', 'server_address', 'server_port'] as const
/** `pool` numbers the pools of one client to one server: two pools there must not hide each other. */
const POOL = [...SERVER, 'client', 'pool'] as const

export interface Metric {
  /** As Prometheus spells it. */
  readonly name: string
  /** As OpenTelemetry spells it, or what it is called after; null: ours. */
  readonly otel: string | null
  readonly type: 'gauge' | 'counter'
  readonly labels: readonly string[]
  readonly help: string
}

export const METRICS = {
  openConnections: {
    name: 'http_client_open_connections',
    otel: 'http.client.open_connections',
    type: 'gauge',
    labels: [...POOL, 'http_connection_state'],
    help: 'Connections of a pool by state: active is leased to a request whose body has not ended, idle waits for the next one',
  },
  activeRequests: {
    name: 'http_client_active_requests',
    otel: 'http.client.active_requests',
    type: 'gauge',
    labels: SERVER,
    help: 'Requests that were sent or queued and whose response has not ended',
  },
  pendingRequests: {
    name: 'http_client_connection_pending_requests',
    otel: 'db.client.connection.pending_requests',
    type: 'gauge',
    labels: POOL,
    help: 'Requests that wait for a connection of the pool',
  },
  connectionMax: {
    name: 'http_client_connection_max',
    otel: 'db.client.connection.max',
    type: 'gauge',
    labels: POOL,
    help: 'Connections the pool may have; +Inf: no limit; absent: the client tells nobody',
  },
  poolStalled: {
    name: 'watertight_pool_stalled_seconds',
    otel: null,
    type: 'gauge',
    labels: POOL,
    help: 'How long nothing has moved on any connection of the pool while requests wait for one; 0: nobody waits',
  },
  unreadBodies: {
    name: 'watertight_unread_bodies',
    otel: null,
    type: 'gauge',
    labels: SERVER,
    help: 'Responses whose headers came and whose body nobody is reading now',
  },
  unreadBodyAge: {
    name: 'watertight_unread_body_oldest_age_seconds',
    otel: null,
    type: 'gauge',
    labels: SERVER,
    help: 'How long the oldest of them has not moved; 0: there is none',
  },
  idleAge: {
    name: 'watertight_idle_connection_oldest_age_seconds',
    otel: null,
    type: 'gauge',
    labels: SERVER,
    help: 'How long the oldest idle connection has been seen idle, to the scrape interval',
  },
  idleTimeout: {
    name: 'watertight_idle_timeout_seconds',
    otel: null,
    type: 'gauge',
    labels: ['layer'],
    help: 'The contract: how long a connection may be idle',
  },
  connectionsOpened: {
    name: 'watertight_connections_opened_total',
    otel: null,
    type: 'counter',
    labels: ['layer'],
    help: 'Connections this process has opened',
  },
  requests: {
    name: 'watertight_requests_total',
    otel: null,
    type: 'counter',
    labels: ['layer', 'outcome'],
    help: 'Requests by outcome: ok is an answer below 400, failed any other answer, or none',
  },
  bodiesRescued: {
    name: 'watertight_bodies_rescued_by_gc_total',
    otel: null,
    type: 'counter',
    labels: ['layer'],
    help: 'Bodies nobody released, and garbage collection cancelled: a connection each, by luck',
  },
  ledgerDropped: {
    name: 'watertight_ledger_dropped_total',
    otel: null,
    type: 'counter',
    labels: ['layer'],
    help: 'What the ledger had no room for: from then on the other numbers are too low',
  },
  ledgerErrors: {
    name: 'watertight_ledger_errors',
    otel: null,
    type: 'gauge',
    labels: ['layer'],
    help: 'Kinds of errors inside the ledger: with any the other numbers are not to be trusted',
  },
} as const satisfies Record<string, Metric>

/** AIStore's own gauge of a target's alerts, one bit each (cmn/cos/node_state.go); its rules look at these two. */
export const AIS_STATE_FLAGS = 'ais_target_state_flags'
/** Bit 14, warning: many goroutines; bit 15, critical: very many. */
export const AIS_GOROUTINE_FLAGS = { numGoroutines: 1 << 14, highNumGoroutines: 1 << 15 } as const

/** Made-up material for the tests of this folder: everything quiet, unless said otherwise. */
import type { Census } from '../model/census.ts'
import type { Frame, LedgerPage, LedgerSocket, OpenHandle, OpenRequest, PoolPage } from '../model/ledger-page.ts'
import { DEFAULTS, type ResolvedOptions } from '../model/options.ts'
import type { SocketSighting } from '../model/sighting.ts'
import type { Material } from './material.ts'

export const ORIGIN = 'http://127.0.0.1:9000'
export const line = (number: number, file = '/app/job.ts'): Frame => ({ file, line: number, column: 1, function: 'copyAll' })

export const optionsOf = (some: Partial<ResolvedOptions> = {}): ResolvedOptions => ({
  ...DEFAULTS,
  idleTimeoutMs: null,
  idleConnections: 'wait',
  allow: [],
  sharedAllow: [],
  pools: [],
  signal: null,
  ...some,
})

export const request = (id: number, some: Partial<OpenRequest> = {}): OpenRequest => ({
  id,
  client: 'node:http',
  method: 'GET',
  origin: ORIGIN,
  path: `/photos/${id}`,
  phase: 'headers',
  status: 200,
  createdAtMs: id,
  headersAtMs: id + 12,
  bodyBytes: 1_000,
  receivedBytes: null,
  reader: 'none',
  isStream: false,
  branches: null,
  branchedAt: null,
  isLetGo: false,
  socketBytesWritten: 100,
  servedFor: null,
  isInLine: false,
  waitsInPool: false,
  bound: null,
  givenUpMs: null,
  bufferedBytes: 0,
  socketBytesRead: 100,
  iteration: 0,
  socketId: null,
  poolId: null,
  openedAt: line(41),
  openedBy: null,
  ordinalAtSite: id,
  ...some,
})

/** A connection from local port 40000 + id, with inode `id`, as the kernel sees it. */
export const sighting = (id: number, some: Partial<SocketSighting> = {}): SocketSighting => ({
  inode: `${id}`,
  state: 'ESTABLISHED',
  local: { address: '127.0.0.1', port: 40_000 + id },
  remote: { address: '127.0.0.1', port: 9_000 },
  receiveQueueBytes: 0,
  sendQueueBytes: 0,
  role: 'outbound',
  ...some,
})

/** The same as the ledger sees it: idle in a pool of node:http. */
export const socket = (id: number, some: Partial<LedgerSocket> = {}): LedgerSocket => ({
  id,
  inode: `${id}`,
  localPort: 40_000 + id,
  remotePort: 9_000,
  isPipe: false,
  role: 'outbound',
  owner: 'node:http',
  poolId: 1,
  isIdle: true,
  isLeased: false,
  isHollow: false,
  idleTimeoutMs: Number.POSITIVE_INFINITY,
  serverHintMs: null,
  origin: ORIGIN,
  openedAtMs: id,
  iteration: 0,
  openedAt: line(41),
  requestsServed: 1,
  headersDue: null,
  opening: null,
  peerEnded: false,
  ...some,
})

export const pool = (id: number, some: Partial<PoolPage> = {}): PoolPage => ({
  id,
  client: 'node:http',
  origin: ORIGIN,
  leased: 0,
  idle: 0,
  queued: 0,
  limit: Number.POSITIVE_INFINITY,
  idleTimeoutMs: null,
  isOlderThanBaseline: false,
  ...some,
})

export const handle = (id: number, some: Partial<OpenHandle> = {}): OpenHandle => ({
  id,
  type: 'Timeout',
  isOwnCall: true,
  isReferenced: true,
  detail: null,
  port: null,
  descriptor: null,
  openedAtMs: id,
  iteration: 0,
  openedAt: line(7),
  ...some,
})

export const pageOf = (some: Partial<LedgerPage> = {}): LedgerPage => ({
  level: 'full',
  atMs: 0,
  timeOriginMs: 0,
  requests: [],
  responses: [],
  sockets: [],
  pools: [],
  handles: [],
  rescued: [],
  blockedCloses: [],
  listenerStacks: [],
  queues: [],
  resets: [],
  exhausted: null,
  serverCloses: null,
  counts: { sent: 0, ok: 0, failed: 0, connectionsOpened: 0, peakOpen: 0 },
  durationsMs: [],
  dropped: 0,
  served: { requests: 0, outside: 0, inFlight: 0, accepted: 0 },
  subscriberErrors: [],
  missing: [],
  ...some,
})

export const censusOf = (...sockets: readonly SocketSighting[]): Census => ({
  atMs: 0,
  sockets,
  files: [],
  descriptors: 20,
  handles: null,
  missing: [],
})

export const materialOf = (some: Partial<Material> = {}): Material => ({
  baseline: censusOf(),
  peak: censusOf(),
  recount: censusOf(),
  page: pageOf(),
  workPage: null,
  earlierPage: null,
  peers: [],
  recoveries: [],
  hung: null,
  workError: undefined,
  deadlineMs: 6_000,
  returnedToBaselineMs: null,
  wouldExit: null,
  doubts: [],
  iterations: [],
  options: optionsOf(),
  cwd: '/app',
  ...some,
})

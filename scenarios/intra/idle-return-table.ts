/**
 * When is an idle connection gone? Whoever of client and server is first closes it, and the server's hint may change the client's mind. Seven clients against five
 * servers, all at the same time: each is measured, and held against the formula of harness/limits/idle-deadline.ts.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getGlobalDispatcher, Pool } from 'undici'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { BackendAddress, WorkContext } from '../../harness/index.ts'
import { type IdleCell, idleDeadlineMs } from '../../harness/limits/idle-deadline.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent, type AgentOptions, get, globalAgent } from '../node-http.ts'

const CONNECTIONS = 2
const SIZE_BYTES = 100
/** Longer than it takes to send all requests: none is answered before, so that each has a connection of its own, also where cells share a pool. */
const ANSWER_MS = 1_000
/** What is longer is not waited for (facts.md). */
const WINDOW_MS = 14_000
/** In the formula: undici's timers go by half seconds, a server adds its own second. What this process was late by itself is measured, and comes on top. */
const TOLERANCE_MS = 1_000

type Server = Pick<IdleCell, 'serverKeepAliveMs' | 'hintSeconds'>
const SERVERS: Readonly<Record<string, Server>> = {
  '5 s, hint 5': { serverKeepAliveMs: 5_000, hintSeconds: 5 },
  '5 s, no hint': { serverKeepAliveMs: 5_000, hintSeconds: null },
  '30 s, hint 30': { serverKeepAliveMs: 30_000, hintSeconds: 30 },
  '30 s, no hint': { serverKeepAliveMs: 30_000, hintSeconds: null },
  '120 s, hint 120': { serverKeepAliveMs: 120_000, hintSeconds: 120 },
}

/** Asks once, and reads the answer. */
type Ask = () => Promise<unknown>
interface Client {
  readonly limits: Pick<IdleCell, 'client' | 'clientIdleMs' | 'clientMaxIdleMs'>
  /** What asks for this path and query; `close` lets go of what it has left. */
  make(backend: BackendAddress, path: string, query: Readonly<Record<string, string>>): { readonly ask: Ask; close(): unknown }
}

const withQuery = (path: string, query: Readonly<Record<string, string>>): string => `${path}?${new URLSearchParams(query)}`

const undici = (limits: Omit<Client['limits'], 'client'>): Client => ({
  limits: { client: 'undici', ...limits },
  make({ origin }, path, query) {
    const { clientIdleMs, clientMaxIdleMs } = limits
    const pool = new Pool(origin, {
      ...(clientIdleMs == null ? {} : { keepAliveTimeout: clientIdleMs }),
      ...(clientMaxIdleMs === undefined ? {} : { keepAliveMaxTimeout: clientMaxIdleMs }),
    })
    const ask = async () => (await pool.request({ path: withQuery(path, query), method: 'GET' })).body.arrayBuffer()
    return { ask, close: () => pool.close() }
  },
})

const nodeHttp = (limits: Client['limits'], makeAgent: () => Agent): Client => ({
  limits,
  make({ origin }, path, query) {
    const agent = makeAgent()
    const ask: Ask = () =>
      new Promise((resolve, reject) => {
        get(`${origin}${withQuery(path, query)}`, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject)
      })
    return { ask, close: () => agent.destroy() }
  },
})
const keptAlive =
  (options: AgentOptions = {}) =>
  () =>
    new Agent({ keepAlive: true, ...options })

/** Its own way of asking: GetObject of bucket `plain`, with the query added on the way. */
const awsSdk: Client = {
  limits: { client: 'aws-sdk' },
  make({ origin, region, credentials }, path, query) {
    const s3 = new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true })
    s3.middlewareStack.add(
      (next) => async (args) => {
        Object.assign((args.request as { query: object }).query, query)
        return next(args)
      },
      { step: 'build' },
    )
    const [, Bucket = '', Key = ''] = path.split('/')
    const ask = async () => (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray()
    return { ask, close: () => s3.destroy() }
  },
}

const builtInFetch: Client = {
  limits: { client: 'fetch' },
  make: ({ origin }, path, query) => ({
    ask: async () => (await fetch(`${origin}${withQuery(path, query)}`)).arrayBuffer(),
    close: () => getGlobalDispatcher().close(),
  }),
}

const CLIENTS: Readonly<Record<string, Client>> = {
  undici: undici({}),
  'undici, both knobs 2 s': undici({ clientIdleMs: 2_000, clientMaxIdleMs: 2_000 }),
  fetch: builtInFetch,
  'http.globalAgent': nodeHttp({ client: 'http.globalAgent' }, () => globalAgent),
  'Agent, keepAlive only': nodeHttp({ client: 'http.Agent' }, keptAlive()),
  'Agent, timeout 2 s': nodeHttp({ client: 'http.Agent', clientIdleMs: 2_000 }, keptAlive({ timeout: 2_000 })),
  'AWS SDK': awsSdk,
}

/** One of the 35: its connections, and when the last of them had its answer and was closed. */
interface Cell {
  readonly client: string
  readonly server: string
  readonly expectedMs: number
  readonly open: Set<Socket>
  connections: number
  answeredAtMs: number
  closedAtMs: number
}

const nowCell = new AsyncLocalStorage<Cell>()

/** A connection belongs to the cell whose request opened it. */
function noteSocket(message: unknown): void {
  const { socket } = message as { socket: Socket }
  const cell = nowCell.getStore()
  if (cell === undefined) return
  cell.connections += 1
  cell.open.add(socket)
  socket.once('close', () => {
    cell.open.delete(socket)
    cell.closedAtMs = performance.now()
  })
}

interface Measured {
  readonly cells: readonly Cell[]
  /** The longest that this process had no turn: so late may it have seen an answer, or have closed a connection. */
  readonly lateMs: number
}

async function measureAll({ backend, onlyWaits }: WorkContext): Promise<Measured> {
  const delays = monitorEventLoopDelay({ resolution: 10 })
  delays.enable()
  subscribe('net.client.socket', noteSocket)
  const path = `/plain/${SIZE_BYTES}`
  const all = Object.entries(SERVERS).flatMap(([server, at]) =>
    Object.entries(CLIENTS).map(([client, { limits, make }]) => {
      const expectedMs = idleDeadlineMs({ ...limits, ...at }) - TOLERANCE_MS
      const cell: Cell = { client, server, expectedMs, open: new Set(), connections: 0, answeredAtMs: 0, closedAtMs: 0 }
      const hint = at.hintSeconds === null ? {} : { hint: String(at.hintSeconds) }
      return { cell, made: make(backend, path, { idleMs: String(at.serverKeepAliveMs), ...hint }) }
    }),
  )
  try {
    await Promise.all(
      all.map(({ cell, made }) =>
        nowCell.run(cell, async () => {
          await Promise.all(Array.from({ length: CONNECTIONS }, made.ask))
          cell.answeredAtMs = performance.now()
        }),
      ),
    )
    onlyWaits()
    await wait(WINDOW_MS)
    return { cells: all.map(({ cell }) => ({ ...cell, open: new Set(cell.open) })), lateMs: Math.round(delays.max / 1e6) }
  } finally {
    delays.disable()
    unsubscribe('net.client.socket', noteSocket)
    await Promise.all(all.map(({ made }) => made.close()))
  }
}

const seconds = (ms: number): string => (Number.isFinite(ms) ? `${(ms / 1_000).toFixed(1)}` : 'never')
const isGone = ({ open }: Cell): boolean => open.size === 0
const lastedMs = ({ closedAtMs, answeredAtMs }: Cell): number => closedAtMs - answeredAtMs
const shown = (cell: Cell): string => `${isGone(cell) ? seconds(lastedMs(cell)) : `> ${WINDOW_MS / 1_000}`} (${seconds(cell.expectedMs)})`

/** Null: as the formula has it. Whoever asked last was answered last, and the others idle since a little earlier. */
function disagreement(cell: Cell, toleranceMs: number): string | null {
  const where = `${cell.client} on ${cell.server}`
  if (cell.connections !== CONNECTIONS) return `${where}: ${cell.connections} connections instead of ${CONNECTIONS}`
  if (!isGone(cell)) return cell.expectedMs + toleranceMs < WINDOW_MS ? `${where}: still there after ${WINDOW_MS} ms` : null
  return Math.abs(lastedMs(cell) - cell.expectedMs) <= toleranceMs ? null : `${where}: ${shown(cell)}`
}

async function measuresTheTable(context: WorkContext): Promise<void> {
  const { cells, lateMs } = await measureAll(context)
  const width = Math.max(...Object.keys(CLIENTS).map(({ length }) => length))
  const row = (first: string, rest: readonly string[]): string =>
    [first.padEnd(width), ...rest.map((each) => each.padEnd(15))].join(' | ').trimEnd()
  context.measured(
    "seconds until all idle connections are gone, and in brackets what the formula says, by the server's keep-alive and hint",
  )
  context.measured(row('client', Object.keys(SERVERS)))
  for (const client of Object.keys(CLIENTS)) {
    const own = cells.filter((cell) => cell.client === client)
    context.measured(row(client, own.map(shown)))
  }
  const wrong = cells.flatMap((cell) => disagreement(cell, TOLERANCE_MS + lateMs) ?? [])
  context.measured(
    `${cells.length - wrong.length} of ${cells.length} cells as the formula has them, within ${TOLERANCE_MS / 1_000} s and the ${lateMs} ms that this process was late`,
  )
  if (wrong.length > 0) throw new Error(wrong.join('; '))
}

export default defineScenario({
  name: 'idle-return-table',
  layer: 'intra',
  client: 'undici, fetch, node:http, aws-sdk',
  shows: 'seven clients against five servers: when their idle connections are gone, as measured and as the formula has it',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'], faults: [{ match: '/plain/', delayMs: ANSWER_MS }] }),
  fixed: { work: measuresTheTable, expects: { verdict: 'clean', connectionsAtMost: 7 * 5 * CONNECTIONS } },
})

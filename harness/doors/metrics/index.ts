/** `watertight/metrics`: what a service of yours holds open, for Prometheus. Loads prom-client; nothing else of ours does. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type OpenMetricsContentType, Registry } from 'prom-client'
import * as v from 'valibot'
import { startLedger } from '../../ledger/ledger.ts'
import { HarnessError } from '../../model/errors.ts'
import { clientEyes } from '../../probes/pools.ts'
import { complaints, noList } from '../../session/complaints.ts'
import { type AnyRegistry, expose, takenIn } from './expose.ts'
import { type Memory, NOTHING_YET, readPage, type Samples } from './readings.ts'
import { boundedServers } from './servers.ts'

export interface WatchMetricsOptions {
  /** undici dispatchers whose queue and limit may be read: below level full they are visible nowhere else. Agents of node:http need not be named. */
  readonly pools?: readonly object[]
  /** Where to register; default: one of its own, with the OpenMetrics content type. */
  readonly registry?: AnyRegistry
  /** 'sampled' (default): one request in 16 keeps its stack. 'full': each, and undici's queues are seen without `pools`. */
  readonly level?: 'sampled' | 'full'
  /** Value of the label `layer`: which part of a system this process is. Default 'client'. */
  readonly layer?: string
  /** The contract: how long a connection may be idle, ms. Exposed beside the ages, so that an alert can compare them. */
  readonly idleTimeoutMs?: number
}

export interface WatchedMetrics extends Disposable {
  /** What `/metrics` answers. */
  text(): Promise<string>
  readonly contentType: string
  readonly registry: AnyRegistry
  /** For node:http: `createServer(metrics.handler)`, or call it from your own for the path you like. */
  handler(request: IncomingMessage, response: ServerResponse): void
  /** Gives everything back: subscriptions, timer, metrics. */
  stop(): void
}

const isRegistry = (value: unknown): value is AnyRegistry =>
  typeof value === 'object' && value !== null && 'getSingleMetric' in value && 'removeSingleMetric' in value && 'metrics' in value

const SCHEMA = noList(
  v.strictObject({
    pools: v.optional(v.array(v.custom<object>((value) => typeof value === 'object' && value !== null, 'it takes an undici dispatcher'))),
    registry: v.optional(v.custom<AnyRegistry>(isRegistry, 'it takes a Registry of prom-client')),
    level: v.optional(v.picklist(['sampled', 'full'])),
    layer: v.optional(v.pipe(v.string(), v.minLength(1))),
    // 2^31 - 1, as everywhere: no timer of Node's is longer.
    idleTimeoutMs: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(2_147_483_647))),
  }),
)
const ALIASES = { idleTimeout: 'idleTimeoutMs', register: 'registry', dispatchers: 'pools' }

/** Nobody may scrape for long; by then what ended is forgotten, and what does not move is noted. */
const TIDY_EVERY_MS = 60_000

function ownRegistry(): AnyRegistry {
  const registry = new Registry<OpenMetricsContentType>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  return registry
}

function refuse(message: string, remedy?: string): never {
  throw new HarnessError('INVALID_OPTION', message, remedy ?? null)
}

/**
 * Watches this process from now on and exposes what it holds open. Costs what a ledger costs at its level, and a page for each scrape.
 * @throws {HarnessError} INVALID_OPTION: names the field, its bounds and the nearest right spelling; or the registry has these metrics already.
 */
export function watchMetrics(options: WatchMetricsOptions = {}): WatchedMetrics {
  const mistakes = complaints(SCHEMA, options, ALIASES, '`options`')
  if (mistakes.length > 0) refuse(`invalid option: ${mistakes.join('; ')}`)
  const { pools = [], level = 'sampled', layer = 'client', idleTimeoutMs = null } = options
  const registry = options.registry ?? ownRegistry()
  const [taken] = takenIn(registry)
  if (taken !== undefined)
    refuse(
      `the registry has a metric ${taken} already: watchMetrics was called with it before`,
      'stop the first one, or give each a registry of its own',
    )

  const ledger = startLedger(clientEyes, level, pools)
  ledger.beginWork(0)
  const frame = { layer, idleTimeoutMs, serverOf: boundedServers() }
  let memory: Memory = NOTHING_YET
  const read = (): Samples => {
    const reading = readPage(ledger.page(), memory, frame)
    memory = reading.memory
    ledger.forgetEnded()
    return reading.samples
  }
  const tidy = setInterval(read, TIDY_EVERY_MS).unref()
  const withdraw = expose(registry, read)

  let isStopped = false
  const stop = (): void => {
    if (isStopped) return
    isStopped = true
    clearInterval(tidy)
    withdraw()
    ledger.stop()
    memory = NOTHING_YET
  }
  const text = async (): Promise<string> =>
    isStopped ? refuse('these metrics were stopped', 'call watchMetrics again') : registry.metrics()

  return {
    text,
    get contentType() {
      return registry.contentType
    },
    registry,
    handler(request, response) {
      request.resume()
      text().then(
        (body) => response.writeHead(200, { 'content-type': registry.contentType }).end(request.method === 'HEAD' ? undefined : body),
        (error: unknown) =>
          response
            .writeHead(503, { 'content-type': 'text/plain' })
            .end(error instanceof HarnessError ? error.what : 'the metrics could not be read'),
      )
    },
    stop,
    [Symbol.dispose]: stop,
  }
}

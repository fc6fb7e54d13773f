/** Load on a service: autocannon, from the parent, so that the subject holds nothing of it. */
import type { LatencySummary } from '../model/run-record.ts'
import type { Load } from '../model/scenario.ts'
import type { WorkOutcome } from '../subjects/subject.ts'

export interface LoadOutcome {
  readonly outcome: WorkOutcome
  readonly latencyMs: LatencySummary | null
}

/** Seconds one request may take: a starved service answers never, and the load must end. */
const REQUEST_TIMEOUT_S = 5

export interface TimedLoad {
  readonly url: string
  readonly connections: number
  readonly durationMs: number
  /** Aborted: the load ends at once. */
  readonly signal: AbortSignal
}

export interface TimedOutcome {
  readonly latencyMs: LatencySummary | null
  readonly answered: number
  /** What did not go well, in words; null: all was answered with 2xx. */
  readonly failure: string | null
}

/** Sends requests as fast as they are answered, for so long. */
export async function driveFor({ url, connections, durationMs, signal }: TimedLoad): Promise<TimedOutcome> {
  const { default: autocannon } = await import('autocannon')
  // Without a callback it is a promise that can also be stopped; its types know only the first.
  const running = autocannon({
    url,
    connections,
    duration: Math.max(1, Math.round(durationMs / 1_000)),
    timeout: REQUEST_TIMEOUT_S,
  }) as ReturnType<typeof autocannon> & { stop?(): void }
  const stop = (): void => running.stop?.()
  signal.addEventListener('abort', stop, { once: true })
  try {
    const { latency, errors, timeouts, non2xx, requests } = await running
    const { p50, p90, p99, max } = latency
    const failed = errors + timeouts + non2xx
    return {
      latencyMs: requests.total === 0 ? null : { p50, p90, p99, max },
      answered: requests.total,
      failure:
        failed === 0
          ? null
          : `${failed} of the load's requests failed: ${errors - timeouts} errors, ${timeouts} timeouts, ${non2xx} not 2xx`,
    }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Sends `amount` requests and waits for the last answer. */
export async function driveLoad(origin: string, load: Load): Promise<LoadOutcome> {
  const { default: autocannon } = await import('autocannon')
  const result = await autocannon({
    url: `${origin}${load.path}`,
    connections: load.connections,
    amount: load.amount,
    timeout: REQUEST_TIMEOUT_S,
    ...(load.rate === undefined ? {} : { overallRate: load.rate }),
  })
  const { p50, p90, p99, max } = result.latency
  const failed = result.errors + result.timeouts + result.non2xx
  const outcome: WorkOutcome =
    failed === 0
      ? { type: 'done' }
      : {
          type: 'threw',
          error: new Error(
            `${failed} of ${load.amount} requests failed: ${result.errors} errors, ${result.timeouts} timeouts, ${result.non2xx} not 2xx`,
          ),
        }
  return { outcome, latencyMs: { p50, p90, p99, max } }
}

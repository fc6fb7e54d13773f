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

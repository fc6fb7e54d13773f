/** Load on a service: autocannon, from the parent, so that the subject holds nothing of it. */
import type { Options, Result } from 'autocannon'
import type { LatencySummary } from '../model/run-record.ts'
import type { Load } from '../model/scenario.ts'
import type { WorkOutcome } from '../subjects/subject.ts'
import { type ResponseTimes, responseTimes } from './latency.ts'

export interface LoadOutcome {
  readonly outcome: WorkOutcome
  readonly latencyMs: LatencySummary | null
}

/**
 * Seconds one request may take. Whether a service hangs is decided by evidence, long before; this only ends a load that nobody judges, and so is
 * long enough for a busy machine.
 */
const REQUEST_TIMEOUT_S = 30

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
  /** Of them with 2xx. */
  readonly good: number
  /** What did not go well, in words; null: all was answered with 2xx. */
  readonly failure: string | null
}

/** Sends requests as fast as they are answered, for so long. */
export async function driveFor({ url, connections, durationMs, signal }: TimedLoad): Promise<TimedOutcome> {
  const { result, times } = await shoot({ url, connections, duration: Math.max(1, Math.round(durationMs / 1_000)) }, signal)
  const failed = failuresOf(result)
  return {
    latencyMs: times.summary('as it came'),
    answered: result.requests.total,
    good: result['2xx'],
    failure: failed === null ? null : `${failed.count} of the load's requests failed: ${failed.kinds}`,
  }
}

/** Sends `amount` requests and waits for the last answer; an aborted `signal` ends it at once. */
export async function driveLoad(origin: string, load: Load, signal: AbortSignal): Promise<LoadOutcome> {
  const { connections, amount, rate } = load
  const requests = (typeof load.path === 'string' ? [load.path] : load.path).map((path) => ({ path }))
  const pace = rate === undefined ? {} : { overallRate: rate, ignoreCoordinatedOmission: true }
  const { result, times } = await shoot({ url: origin, requests, connections, amount, ...pace }, signal)
  const failed = failuresOf(result)
  return {
    outcome:
      failed === null
        ? { type: 'done' }
        : { type: 'threw', error: new Error(`${failed.count} of ${amount} requests failed: ${failed.kinds}`) },
    latencyMs: times.summary(rate === undefined ? 'as it came' : { everyMs: (1_000 * connections) / rate }),
  }
}

/**
 * The load, with the response times of what was answered with 2xx. autocannon's own percentiles are left alone: its correction for coordinated
 * omission takes `1 / rate` seconds, rounded up, for an interval in ms, which is 1 ms at any rate, and without a rate it has none.
 */
async function shoot(options: Options, signal: AbortSignal): Promise<{ result: Result; times: ResponseTimes }> {
  const { default: autocannon } = await import('autocannon')
  const times = responseTimes()
  return new Promise((resolve, reject) => {
    const running = autocannon({ ...options, timeout: REQUEST_TIMEOUT_S }, (error: Error | null, result) => {
      signal.removeEventListener('abort', stop)
      if (error) reject(error)
      else resolve({ result, times })
    })
    const stop = (): void => running.stop()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    running.on('response', (_client, statusCode, _bytes, responseTimeMs) => {
      if (statusCode >= 200 && statusCode < 300) times.add(responseTimeMs)
    })
  })
}

function failuresOf({ errors, timeouts, non2xx }: Result): { readonly count: number; readonly kinds: string } | null {
  // autocannon counts a timeout as an error, too.
  const count = errors + non2xx
  return count === 0 ? null : { count, kinds: `${errors - timeouts} errors, ${timeouts} timeouts, ${non2xx} not 2xx` }
}

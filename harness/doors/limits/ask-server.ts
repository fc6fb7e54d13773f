/** What a running server says of its idle connections, and when it really closes one. */
import { once } from 'node:events'
import type { Agent, IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { HarnessError } from '../../model/errors.ts'

export interface ServerWord {
  /** `timeout=` of its Keep-Alive header, ms; null: it sends none. */
  readonly hintMs: number | null
  /** It closes after each answer. */
  readonly closesAtOnce: boolean
  /** When it closed the idle connection, ms; null: not asked, or not by then. */
  readonly measuredMs: number | null
  /** So long it was watched, ms; null: it was not. */
  readonly watchedMs: number | null
}

/** A server that does not answer a plain GET by then is not one to ask about idle connections. */
const ANSWER_MS = 10_000

/**
 * Asks once, over a connection of its own that is closed again.
 * @throws {HarnessError} BACKEND_FAILED when it does not answer.
 */
export async function askServer(url: URL, measureMs: number | null, signal?: AbortSignal): Promise<ServerWord> {
  const http = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const agent: Agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  // A hint of a second would make the Agent close first: here only the server may.
  Object.assign(agent, { agentKeepAliveTimeoutBuffer: 0 })
  try {
    const request = http.get(url, {
      agent,
      signal: AbortSignal.any([AbortSignal.timeout(ANSWER_MS), ...(signal === undefined ? [] : [signal])]),
    })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const { socket } = response
    const closed = new Promise<number>((resolve) => {
      for (const event of ['end', 'close']) socket.once(event, () => resolve(performance.now()))
    })
    await once(response.resume(), 'end')
    const idleSinceMs = performance.now()
    const hint = /(?:^|[,\s])timeout=(\d+)/.exec(String(response.headers['keep-alive'] ?? ''))?.[1]
    const word = {
      hintMs: hint === undefined ? null : Number(hint) * 1_000,
      closesAtOnce: response.headers.connection?.toLowerCase() === 'close',
    }
    if (measureMs === null || word.closesAtOnce) return { ...word, measuredMs: null, watchedMs: null }
    const timeout = new AbortController()
    const given = sleep(measureMs, null, { signal: timeout.signal }).catch(() => null)
    const closedAtMs = await Promise.race([closed, given])
    timeout.abort()
    return { ...word, measuredMs: closedAtMs === null ? null : Math.round(closedAtMs - idleSinceMs), watchedMs: measureMs }
  } catch (error) {
    throw new HarnessError(
      'BACKEND_FAILED',
      `${url.origin} does not answer: ${error instanceof Error ? error.message : String(error)}`,
      'start the server, and give its URL with --url',
    )
  } finally {
    agent.destroy()
  }
}

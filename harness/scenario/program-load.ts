/** Load on a program of the user's own: once it listens, or once a URL says that it is ready. */
import type { Census } from '../model/census.ts'
import { HarnessError } from '../model/errors.ts'
import type { Drive, Driven } from '../session/watch-program.ts'
import { driveFor } from './load.ts'

export interface ProgramLoad {
  /** A path of the program, or a whole URL. */
  readonly target: string
  /** Answers with 2xx when the program can take load; null: it can as soon as it listens. */
  readonly ready: string | null
  readonly connections: number
  readonly durationMs: number
}

const READY_POLL_MS = 100

/** Takes the listener that came first; a whole URL is waited for at its port. */
export function driveProgram(load: ProgramLoad): Drive {
  return (census, signal) => {
    const url = targetOf(load.target, census)
    return url === null ? null : drive(url, load, signal)
  }
}

async function drive(url: string, load: ProgramLoad, signal: AbortSignal): Promise<Driven> {
  if (load.ready !== null) await untilReady(new URL(load.ready, url), signal)
  if (signal.aborted) return { latencyMs: null, failure: null, isUnanswered: false }
  const { latencyMs, answered, good, failure } = await driveFor({ ...load, url, signal })
  if (good > 0 || signal.aborted) return { latencyMs, failure, isUnanswered: false }
  // Its query may carry a signature, and what stands before the host credentials.
  const { origin, pathname } = new URL(url)
  return {
    latencyMs,
    failure: `the load on ${origin}${pathname} got no answer ${answered > 0 ? 'with 2xx' : 'at all'}`,
    isUnanswered: true,
  }
}

async function untilReady(url: URL, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      // No keep-alive: a connection of ours would stay in the program's count.
      const response = await fetch(url, { signal, headers: { connection: 'close' } })
      await response.arrayBuffer()
      if (response.ok) return
    } catch {
      // Not up yet.
    }
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS))
  }
}

function targetOf(target: string, census: Census): string | null {
  const listeners = (census.sockets ?? []).filter((socket) => socket.role === 'listener')
  const given = target.startsWith('/') ? null : URL.parse(target)
  if (given !== null) {
    const port = Number(given.port || (given.protocol === 'https:' ? 443 : 80))
    const sees = census.sockets !== null
    return !sees || listeners.some((socket) => socket.local.port === port) ? given.href : null
  }
  if (census.sockets === null)
    throw new HarnessError(
      'INVALID_OPTION',
      `where the program listens cannot be seen here: ${census.missing[0]?.missing ?? ''}`,
      'give --load a whole URL',
    )
  const [first] = listeners
  if (first === undefined) return null
  const { address, port } = first.local
  const host = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address.includes(':') ? `[${address}]` : address
  return `http://${host}:${port}${target}`
}

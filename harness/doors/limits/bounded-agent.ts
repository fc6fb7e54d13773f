/** The bounds that http.Agent has no option for: waiting for a connection, establishing one, idle ones of all hosts together. */
import type { Agent, ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import { insistOnBounded } from './checked-arguments.ts'
import { DialTimeoutError, PoolWaitError } from './pool-wait-error.ts'

export interface Bounds {
  /** Longest wait for a connection of the pool, ms; then the request fails with PoolWaitError and was never sent. */
  readonly poolWaitMs?: number
  /** Longest time to establish one, its TLS handshake included, ms; then it fails with DialTimeoutError. */
  readonly dialMs?: number
  /** Idle connections of all hosts together; what goes beyond is closed as it becomes idle. */
  readonly maxIdleTotal?: number
}

/** What an Agent has besides its types: documented for those who write their own. */
interface Hooks {
  addRequest(request: Waiting, ...rest: readonly unknown[]): void
  createConnection(...args: readonly unknown[]): Socket | undefined
  keepSocketAlive(socket: Socket): boolean
  readonly requests: Record<string, ClientRequest[] | undefined>
  readonly freeSockets: Readonly<Record<string, readonly Socket[] | undefined>>
}
type Waiting = ClientRequest & { onSocket(socket: Socket | null, error?: Error): void }

/**
 * Bounds this very Agent, http or https, and returns it.
 * @throws {HarnessError} INVALID_OPTION with every mistake in what it is given.
 */
export function boundedAgent<A extends Agent>(agent: A, bounds: Bounds): A {
  insistOnBounded({ agent, bounds })
  const { poolWaitMs, dialMs, maxIdleTotal } = bounds
  const hooks = agent as unknown as Hooks
  if (poolWaitMs !== undefined && Number.isFinite(poolWaitMs)) boundWait(hooks, poolWaitMs)
  if (dialMs !== undefined && Number.isFinite(dialMs)) boundDial(hooks, dialMs)
  if (maxIdleTotal !== undefined && Number.isFinite(maxIdleTotal)) capIdle(hooks, maxIdleTotal)
  return agent
}

function boundWait(agent: Hooks, waitMs: number): void {
  const addRequest = agent.addRequest.bind(agent)
  agent.addRequest = (request, ...rest) => {
    addRequest(request, ...rest)
    const queue = Object.entries(agent.requests).find(([, waiting]) => waiting?.includes(request))
    if (queue === undefined) return
    const [name] = queue
    const timer = setTimeout(() => {
      const waiting = agent.requests[name]
      const at = waiting?.indexOf(request) ?? -1
      if (waiting === undefined || at < 0) return
      waiting.splice(at, 1)
      if (waiting.length === 0) delete agent.requests[name]
      // destroy() alone is told only when a socket frees.
      request.onSocket(null, new PoolWaitError(`${request.protocol}//${request.host}`, waitMs))
    }, waitMs)
    const off = (): void => clearTimeout(timer)
    request.once('socket', off).once('close', off)
  }
}

function boundDial(agent: Hooks, dialMs: number): void {
  const createConnection = agent.createConnection.bind(agent)
  agent.createConnection = (...args) => {
    const socket = createConnection(...args)
    if (socket === undefined) return socket
    const timer = setTimeout(() => socket.destroy(new DialTimeoutError(dialMs)), dialMs)
    const off = (): void => clearTimeout(timer)
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', off).once('close', off)
    return socket
  }
}

function capIdle(agent: Hooks, most: number): void {
  const keepSocketAlive = agent.keepSocketAlive.bind(agent)
  agent.keepSocketAlive = (socket) => {
    const idle = Object.values(agent.freeSockets).reduce((sum, free) => sum + (free?.length ?? 0), 0)
    return idle < most && keepSocketAlive(socket)
  }
}

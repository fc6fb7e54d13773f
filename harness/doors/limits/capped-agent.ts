/**
 * The caps that undici has no option for, through the `factory` of its Agent: connections over all origins, idle ones per origin and in all,
 * and how long a request may wait for one. Each origin gets a dispatcher of ours in front of Clients with one connection each.
 * undici itself is handed in: what watches must not import it (docs/decisions/0001).
 */
import { AsyncResource } from 'node:async_hooks'
import type { Agent, Client, Dispatcher } from 'undici'
import { insistOnCapped } from './checked-arguments.ts'
import { type ConnectionCaps, type Connections, type Line, openConnections, type Place } from './connections.ts'
import { PoolWaitError } from './pool-wait-error.ts'

/** Every cap absent: as many as you like. */
export interface Caps extends ConnectionCaps {
  /** Longest wait for a connection, ms; 0 refuses at once, as fasthttp does. */
  readonly poolWaitMs?: number
}

/** What is needed of undici. */
export interface Undici {
  readonly Agent: typeof Agent
  readonly Client: typeof Client
  readonly Dispatcher: typeof Dispatcher
}

type Asked = Dispatcher.DispatchOptions
type Handler = Dispatcher.DispatchHandler

/**
 * An undici Agent that keeps the caps; its other options are undici's own. `connections` is `maxPerHost` here.
 * @throws {HarnessError} INVALID_OPTION with every mistake in what it is given.
 */
export function cappedAgent(undici: Undici, caps: Caps, options: Agent.Options = {}): Agent {
  insistOnCapped({ undici, caps, options })
  const { connections: most, ...rest } = options
  const maxPerHost = caps.maxPerHost ?? most ?? Number.POSITIVE_INFINITY
  const connections = openConnections<Client>({ ...caps, maxPerHost }, (client) => client.close())
  return new undici.Agent({
    ...rest,
    factory: (origin, given) => originDispatcher(undici, { origin: String(origin), options: given as Client.Options, caps, connections }),
  })
}

/** Of the type undici's own queued requests have: whoever watches those sees ours, with the stack of whoever asked. */
class Waiting extends AsyncResource {
  timer: NodeJS.Timeout | null = null
  readonly asked: Asked
  readonly handler: Handler
  constructor(asked: Asked, handler: Handler) {
    super('UNDICI_POOL_QUEUED_REQUEST')
    this.asked = asked
    this.handler = handler
  }
}

interface Setting {
  readonly origin: string
  readonly options: Client.Options
  readonly caps: Caps
  readonly connections: Connections<Client>
}

/** Undici calls it with whatever it has; a request that was never sent has no controller. */
const fail = (handler: Handler, error: Error): void => handler.onResponseError?.(null as unknown as Dispatcher.DispatchController, error)

function originDispatcher(undici: Undici, { origin, options, caps, connections }: Setting): Dispatcher {
  const { poolWaitMs = Number.POSITIVE_INFINITY } = caps
  let queue: readonly Waiting[] = []
  let running = 0
  let onIdle: (() => void)[] = []

  const line: Line = { origin, isWaiting: () => queue.length > 0, pump }
  connections.join(line)

  function open(lost: () => void): Client {
    const client = new undici.Client(origin, { ...options, pipelining: 1 })
    client.on('connect', (at, targets) => self.emit('connect', at, [self, ...targets]))
    // Not passed on: the Agent would take one connection that has gone for all of them, and close this dispatcher.
    client.on('disconnect', lost)
    client.on('connectionError', lost)
    return client
  }

  function pump(): void {
    for (let [first] = queue; first !== undefined; [first] = queue) {
      const place = connections.take(origin, open)
      if (place === null) return
      const { asked, handler, timer } = first
      queue = queue.slice(1)
      if (timer !== null) clearTimeout(timer)
      first.runInAsyncScope(send, null, place, asked, handler)
    }
  }

  function send(place: Place<Client>, asked: Asked, handler: Handler): void {
    running += 1
    let isOver = false
    const over = (): void => {
      if (isOver) return
      isOver = true
      running -= 1
      connections.give(place)
      settle()
    }
    place.connection.dispatch(asked, watched(handler, over))
  }

  function settle(): void {
    if (running > 0 || queue.length > 0) return
    const waiting = onIdle
    onIdle = []
    for (const done of waiting) done()
  }

  function wait(waiting: Waiting): void {
    queue = [...queue, waiting]
    if (!Number.isFinite(poolWaitMs)) return
    const giveUp = (): void => {
      queue = queue.filter((each) => each !== waiting)
      waiting.runInAsyncScope(fail, null, waiting.handler, new PoolWaitError(origin, poolWaitMs))
      settle()
    }
    if (poolWaitMs === 0) giveUp()
    else waiting.timer = setTimeout(giveUp, poolWaitMs)
  }

  class OriginDispatcher extends undici.Dispatcher {
    get stats() {
      const open = connections.of(origin)
      const free = open.filter(({ isBusy }) => !isBusy).length
      const queued = queue.length
      return { connected: open.length, free, pending: queued, queued, running, size: running + queued }
    }

    override dispatch(asked: Asked, handler: Handler): boolean {
      const place = queue.length === 0 ? connections.take(origin, open) : null
      if (place === null) wait(new Waiting(asked, handler))
      else send(place, asked, handler)
      return true
    }

    /** What has begun, and what waits, is finished first. */
    override async close(): Promise<void> {
      if (running > 0 || queue.length > 0) await new Promise<void>((resolve) => onIdle.push(resolve))
      connections.leave(line)
      await connections.closeIdle(origin)
    }

    override async destroy(error?: Error | null | (() => void)): Promise<void> {
      connections.leave(line)
      const why = error instanceof Error ? error : new Error(`the pool of ${origin} was destroyed`)
      const given = queue
      queue = []
      for (const { handler, timer } of given) {
        if (timer !== null) clearTimeout(timer)
        fail(handler, why)
      }
      await Promise.all(connections.of(origin).map(({ connection }) => connection.destroy(why)))
    }
  }
  const self = new OriginDispatcher()
  return self
}

/** The same handler, and a word when its request is over. */
function watched(handler: Handler, over: () => void): Handler {
  return {
    onRequestStart: (...args) => handler.onRequestStart?.(...args),
    onResponseStarted: () => handler.onResponseStarted?.(),
    onBodySent: (chunk) => handler.onBodySent?.(chunk),
    onRequestSent: () => handler.onRequestSent?.(),
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onRequestUpgrade(...args) {
      over()
      handler.onRequestUpgrade?.(...args)
    },
    onResponseEnd(...args) {
      handler.onResponseEnd?.(...args)
      over()
    },
    onResponseError(...args) {
      handler.onResponseError?.(...args)
      over()
    },
  }
}

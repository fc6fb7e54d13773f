/** Requests this process answers, as its own HTTP servers see them: what tells a service from a job, an idle one from a busy one, and a handler that ended its response from one that forgot. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Served } from '../model/ledger-page.ts'
import type { Book } from './book.ts'
import { isOfWork, iterationNow } from './descent.ts'
import { rememberPort } from './ports.ts'
import { enterCall } from './serving.ts'
import type { Capture } from './stacks.ts'

/** A response that has been begun. */
export interface ServedEntry {
  readonly id: number
  readonly request: IncomingMessage
  readonly server: Server
  readonly startedAtMs: number
  iteration: number
  /** Who wrote its headers; null: nobody yet, or below level `full`. */
  headWritten: Capture | null
}

/** Counted since the ledger started; starting afresh does not forget what is in flight. */
export interface ServedBook {
  requests: number
  /** Those of them that did not come from this very process. */
  outside: number
  /** Connections that were accepted, by any server. */
  accepted: number
  /** Remote ports of connections that came from other processes, the last of them. */
  readonly callers: number[]
  readonly inFlight: Map<ServerResponse, ServedEntry>
  /** Servers the work itself made listen. */
  ownServers: WeakSet<object>
}

export const emptyServed = (): ServedBook => ({
  requests: 0,
  outside: 0,
  accepted: 0,
  callers: [],
  inFlight: new Map(),
  ownServers: new WeakSet(),
})

/** What is in flight becomes older than the baseline, and so does every server. */
export function startServedAfresh(served: ServedBook): void {
  for (const entry of served.inFlight.values()) entry.iteration = -1
  served.ownServers = new WeakSet()
}

export const servedCounts = ({ requests, outside, accepted, inFlight }: ServedBook): Served => ({
  requests,
  outside,
  accepted,
  inFlight: inFlight.size,
})

interface Started {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly server: Server
}

/** What is known of accepted connections elsewhere in the ledger. */
interface AcceptedSockets {
  answeredOn(socket: object): void
  isFromInside(accepted: Socket): boolean
}

/** HTTP/1 only: no channel tells of the streams of an HTTP/2 server. */
export function servedRecorders(book: Book, sockets: AcceptedSockets): Readonly<Record<string, (message: never) => void>> {
  const { served } = book
  /** Asked once for each connection. */
  const fromInside = new WeakMap<Socket, boolean>()
  function isOwnCall(socket: Socket): boolean {
    const known = fromInside.get(socket)
    if (known !== undefined) return known
    const isInside = sockets.isFromInside(socket)
    fromInside.set(socket, isInside)
    if (!isInside) rememberPort(served.callers, socket.remotePort)
    return isInside
  }
  return {
    'http.server.request.start': ({ request, response, server }: Started) => {
      served.requests += 1
      if (!isOwnCall(request.socket)) served.outside += 1
      const iteration = iterationNow(book)
      const call = enterCall(response, request.method ?? 'GET', (request.url ?? '/').split('?', 1)[0] ?? '/')
      served.inFlight.set(response, { id: book.nextId++, request, server, startedAtMs: performance.now(), iteration, headWritten: null })
      // A client that goes away ends the exchange without the response being finished.
      response.once('close', () => {
        served.inFlight.delete(response)
        if (!response.writableFinished) call.leftAtMs ??= performance.now()
      })
    },
    'http.server.response.finish': ({ request, response }: Started) => {
      served.inFlight.delete(response)
      sockets.answeredOn(request.socket)
    },
    'tracing:net.server.listen:asyncStart': ({ server }: { server: object }) => {
      if (isOfWork(book)) served.ownServers.add(server)
    },
  }
}

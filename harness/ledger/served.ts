/** Requests this process answers, as its own HTTP servers see them: what tells a service from a job, and an idle one from a busy one. */
import type { ServerResponse } from 'node:http'

/** Counted since the ledger started; starting afresh does not forget what is in flight. */
export interface ServedBook {
  requests: number
  /** Connections that were accepted, by any server. */
  accepted: number
  readonly inFlight: Set<ServerResponse>
}

export const emptyServed = (): ServedBook => ({ requests: 0, accepted: 0, inFlight: new Set() })

/** HTTP/1 only: no channel tells of the streams of an HTTP/2 server. */
export function servedRecorders(served: ServedBook): Readonly<Record<string, (message: never) => void>> {
  return {
    'http.server.request.start': ({ response }: { response: ServerResponse }) => {
      served.requests += 1
      served.inFlight.add(response)
      // A client that goes away ends the exchange without the response being finished.
      response.once('close', () => served.inFlight.delete(response))
    },
    'http.server.response.finish': ({ response }: { response: ServerResponse }) => void served.inFlight.delete(response),
  }
}

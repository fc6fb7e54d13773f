/** Who waits for a connection that others have. One whose own is being made waits for the network, and for nobody. */
import type { Agent, ClientRequest } from 'node:http'
import type { Book, RequestEntry } from './book.ts'

/** In the queue of its http.Agent. */
export function isInAgentsQueue({ client, request, response, socket }: RequestEntry): boolean {
  if (client !== 'node:http' || response !== null || socket !== null) return false
  const { agent } = request as { agent?: Pick<Agent, 'requests'> | false }
  if (!agent) return false
  return Object.values(agent.requests ?? {}).some((queue) => queue?.includes(request as ClientRequest))
}

/** Clients' own request objects, of node:http and of undici. What waits in a Pool of undici has none yet (page-requests.ts). */
export function requestsInLine(book: Book): ReadonlySet<object> {
  const unsent = [...book.requests].filter(({ socket }) => socket === null)
  const ofAgents = unsent.filter(isInAgentsQueue).map(({ request }) => request)
  const isUndici = unsent.some(({ client }) => client === 'undici' || client === 'fetch')
  const ofClients = isUndici ? [...book.sockets].flatMap(({ socket }) => book.eyes.undiciLineOf(socket)) : []
  return new Set([...ofAgents, ...ofClients])
}

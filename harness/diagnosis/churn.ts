/** Connections that were opened although one that was there could have carried the request. Pure. */
import type { Finding } from '../model/finding.ts'
import type { ServerCloses } from '../model/ledger-page.ts'
import { composeFinding, plural } from './compose.ts'
import type { Material } from './material.ts'

/** Below this many superfluous connections nobody cares. */
const FLOOR = 5
/** Where the server says that it closes each after so many answers, two are a pattern, and will be as many as there are requests. */
const FLOOR_BY_SERVER = 2

/** Most requests paid a new connection although never so many were open at once. */
export function churnFinding({ page }: Pick<Material, 'page'>): readonly Finding[] {
  if (page === null) return []
  const { sent, connectionsOpened, peakOpen } = page.counts
  const extra = connectionsOpened - peakOpen
  // The last answer of all may close as well, and nothing is opened after it.
  const closes = page.serverCloses !== null && page.serverCloses.count >= extra ? page.serverCloses : null
  if (extra < (closes === null ? FLOOR : FLOOR_BY_SERVER) || connectionsOpened * 2 < sent) return []
  return [
    composeFinding({
      code: 'CONNECTION_CHURN',
      count: connectionsOpened,
      origin: closes?.origin ?? null,
      request: null,
      openedAt: null,
      summary: `${connectionsOpened} connections for ${sent} requests, at most ${peakOpen} open at once: ${closes === null ? 'each request pays a new connection' : `the server closes each after ${answersOf(closes)}`}`,
      evidence: [
        { ledger: 'pools', says: 'connections opened', value: connectionsOpened },
        { ledger: 'requests', says: 'requests sent', value: sent },
        { ledger: 'requests', says: 'most open at once', value: peakOpen },
        ...(closes === null
          ? []
          : [
              {
                ledger: 'requests' as const,
                says: 'answers said Connection: close, though the client would have kept it',
                value: closes.count,
              },
            ]),
      ],
      advice:
        closes === null
          ? 'read bodies to their end instead of destroying them, share one client, and keep connections alive for longer than the pauses between requests (new http.Agent({ keepAlive: true, timeout: 4_000 }), keepAliveTimeout: 4_000 for undici)'
          : 'no client can mend this: let the server keep its connections for more requests (http.Server: maxRequestsPerSocket, 0 is no limit; nginx: keepalive_requests), or have it stop answering Connection: close',
    }),
  ]
}

const answersOf = ({ leastAnswers, mostAnswers }: ServerCloses): string =>
  leastAnswers === mostAnswers ? plural(leastAnswers, 'answer') : `${leastAnswers} to ${mostAnswers} answers`

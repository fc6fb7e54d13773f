/** Honest load at the limit of a pool: requests waited, connections were busy, all were answered. Told from starvation, where they wait for ever. */
import type { Finding } from '../model/finding.ts'
import type { QueuePeak } from '../model/ledger-page.ts'
import { composeFinding, placeOf } from './compose.ts'
import type { Material } from './material.ts'

/** Nobody notices less (Nielsen's tenth of a second). */
const NOTICED_MS = 100

/** The last of a queue as long as the pool is wide waits for a whole round of requests: from there on the limit decides how long the work takes. */
const isSubstantial = ({ limit, maxQueued, forMs }: QueuePeak): boolean => limit !== null && maxQueued >= limit && forMs >= NOTICED_MS

/** @param others what was found besides: where a body is unread the queue may be its doing, and that is said already. */
export function saturatedFindings({ page, hung, cwd }: Material, others: readonly Finding[]): readonly Finding[] {
  if (page === null || hung !== null) return []
  const guilty = new Set(others.flatMap(({ code, origin }) => (code === 'UNREAD_BODY' || code === 'POOL_STARVED' ? [origin] : [])))
  return page.queues
    .filter((queue) => queue.isDrained && isSubstantial(queue) && !guilty.has(queue.origin))
    .map(({ client, origin, limit, maxQueued, forMs, openedAt }) =>
      composeFinding({
        code: 'POOL_SATURATED',
        count: maxQueued,
        origin,
        request: null,
        openedAt: placeOf(openedAt, cwd),
        summary: `up to ${maxQueued} requests waited for one of ${limit} connections; none waits any more`,
        evidence: [
          { ledger: 'pools', says: 'most queued at once', value: maxQueued },
          { ledger: 'pools', says: 'connections at most', value: limit },
          { ledger: 'requests', says: 'ms in which somebody waited', value: forMs },
        ],
        advice: `no leak. To be done sooner, raise the limit (${client === 'node:http' ? 'maxSockets' : 'connections'}) if the server and the descriptors allow; to bound memory, ask for fewer at a time`,
      }),
    )
}

/** At level `sampled` one stack in 16 is kept: the others are counted where the kept ones say. Pure. */
import type { OpenRequest } from '../model/ledger-page.ts'
import { groupBy, lineKey } from './compose.ts'

/** Requests of one origin and method whose kept stacks all name one line were made there, as far as anyone can tell. */
export function withSampledLines(requests: readonly OpenRequest[]): readonly OpenRequest[] {
  return groupBy(requests, ({ client, origin, method }) => `${client} ${origin} ${method}`).flatMap((group) => {
    const [only, ...others] = groupBy(
      group.filter((request) => request.openedAt !== null),
      (request) => lineKey(request.openedAt),
    )
    if (only === undefined || others.length > 0) return group
    return group.map((request) => (request.openedAt === null ? { ...request, openedAt: only[0].openedAt } : request))
  })
}

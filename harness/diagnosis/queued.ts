/** Words for requests that waited in the queue of a pool, and whose caller may have given them up there. Pure. */
import type { Evidence } from '../model/finding.ts'
import type { OpenRequest } from '../model/ledger-page.ts'
import { plural } from './compose.ts'
import type { Material } from './material.ts'

/** From when it was asked for until it was given up, ms. */
function waitedMs({ createdAtMs, givenUpMs }: OpenRequest, atMs: number): number {
  return Math.round(atMs - createdAtMs - (givenUpMs ?? 0))
}

/** Its caller ended the wait by itself, since the work went on: `1 request gave up in the queue after 1004 ms`. */
export function inQueueWords(group: readonly OpenRequest[], { hung, page }: Pick<Material, 'hung' | 'page'>): string {
  const isOver = hung === null && group.every(({ givenUpMs }) => givenUpMs !== null)
  if (!isOver || page === null) return plural(group.length, 'request waits', 'requests wait')
  const longest = Math.max(...group.map((request) => waitedMs(request, page.atMs)))
  return `${plural(group.length, 'request')} gave up after ${longest} ms, queued, not connecting,`
}

/** What a client says that counts the wait in a queue as connecting (@smithy/node-http-handler's connectionTimeout). */
const SAYS_CONNECTING = /did not establish a connection|connect(ion)? time(d )?out/i

export function givenUpEvidence(
  group: readonly OpenRequest[],
  { hung, page, workError }: Pick<Material, 'hung' | 'page' | 'workError'>,
): readonly Evidence[] {
  const givenUp = group.filter(({ givenUpMs }) => givenUpMs !== null)
  if (hung !== null || page === null || givenUp.length === 0) return []
  const isMisled = workError instanceof Error && SAYS_CONNECTING.test(workError.message)
  return [
    {
      ledger: 'requests',
      says: 'queued, not connecting, until the caller gave up, ms',
      value: Math.max(...givenUp.map((request) => waitedMs(request, page.atMs))),
    },
    ...(isMisled
      ? [
          {
            ledger: 'requests' as const,
            says: "the client's words mislead: it blames the connection to the server, and never tried to make one, for want of a free lease",
            value: null,
          },
        ]
      : []),
  ]
}

/** What is left behind when one of two streams that were piped together ends early: an upload whose server has answered already, an upstream whose client has gone. */
import type { Evidence, Finding } from '../model/finding.ts'
import type { OpenRequest } from '../model/ledger-page.ts'
import { commonPath, composeFinding, placeOf, plural, requestShape } from './compose.ts'
import type { Material } from './material.ts'

type Many<T> = readonly [T, ...T[]]

/** A handler gets so long to tear down what it asked for, while the work still goes on; once that is over it has had the idle timeout. */
const TEAR_DOWN_MS = 1_000

/** Made for a call whose caller has gone before it was answered to the end. */
export function isUpstream({ servedFor }: OpenRequest, { hung, page }: Pick<Material, 'hung' | 'page'>): boolean {
  const leftAtMs = servedFor?.leftAtMs ?? null
  return leftAtMs !== null && (hung === null || (page?.atMs ?? leftAtMs) - leftAtMs >= TEAR_DOWN_MS)
}

export function notCancelled(group: Many<OpenRequest>, states: readonly Evidence[], { page, cwd }: Material): Finding {
  const [first] = group
  const calls = group.flatMap(({ servedFor }) => servedFor ?? [])
  const [call] = calls
  const leftMs = (page?.atMs ?? 0) - Math.min(...calls.flatMap(({ leftAtMs }) => leftAtMs ?? []))
  const route = `${call?.method ?? 'GET'} ${commonPath([...new Set(calls.map(({ path }) => path))])}`
  return composeFinding({
    code: 'UPSTREAM_NOT_CANCELLED',
    count: group.length,
    origin: first.origin,
    request: requestShape(group),
    openedAt: placeOf(first.openedAt, cwd),
    summary: `${plural(group.length, 'upstream request goes', 'upstream requests go')} on although the ${group.length === 1 ? 'client it was made for has' : 'clients they were made for have'} gone`,
    evidence: [
      { ledger: 'requests', says: `made while answering ${route}`, value: group.length },
      {
        ledger: 'requests',
        says: 'its caller closed the connection before the answer was finished; so long ago, ms',
        value: Math.round(leftMs),
      },
      ...(group.some(({ phase }) => phase === 'headers')
        ? [
            {
              ledger: 'requests' as const,
              says: 'the body of the upstream was not read to its end, and not released',
              value: group.filter(({ phase }) => phase === 'headers').length,
            },
          ]
        : []),
      ...states,
    ],
    advice:
      'tear both down together: await pipeline(upstream, response) destroys the one when the other ends early, pipe() does not; or abort the upstream request in the close event of the response (an AbortController); cancelling costs a reconnect',
  })
}

export function bodyAbandoned(group: Many<OpenRequest>, states: readonly Evidence[], { cwd }: Material): Finding {
  const [first] = group
  return composeFinding({
    code: 'REQUEST_BODY_ABANDONED',
    count: group.length,
    origin: first.origin,
    request: requestShape(group),
    openedAt: placeOf(first.openedAt, cwd),
    summary: `${plural(group.length, 'upload was', 'uploads were')} left half sent: the server answered before ${group.length === 1 ? 'its end' : 'their end'}, and nobody ended or destroyed ${group.length === 1 ? 'it' : 'them'}`,
    evidence: [
      {
        ledger: 'requests',
        says: `answered${first.status === null ? '' : ` with ${first.status}`}, the answer is over; the request itself is not`,
        value: group.length,
      },
      ...(first.socketBytesWritten === null
        ? []
        : [{ ledger: 'requests' as const, says: 'bytes that its connection has taken so far', value: first.socketBytesWritten }]),
      ...states,
    ],
    advice:
      'destroy the source of an upload, and the request, once the answer is there: stream.destroy() in a finally, or pipeline(source, request), which ends both; until then the source (a file, a pipe) stays open and the connection stays taken, however the answer was read',
  })
}

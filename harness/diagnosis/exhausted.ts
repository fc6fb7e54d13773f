/** The finding that no descriptor was left: told by its errors, explained by what holds the descriptors. */
import type { Evidence, Finding } from '../model/finding.ts'
import { composeFinding, placeOf, plural } from './compose.ts'
import type { Material } from './material.ts'
import { isUnread } from './requests.ts'
import type { Residue } from './residue.ts'

export function exhaustedFindings({ page, earlierPage, cwd }: Material, residue: Residue): readonly Finding[] {
  const exhausted = page?.exhausted ?? null
  if (exhausted === null) return []
  const { count, attempts, descriptors, limit, openedAt } = exhausted
  const isDns = attempts.some((attempt) => attempt.isDns)
  const unread = residue.requests.filter((request) => isUnread(request, null, earlierPage)).length
  const files = residue.files.length + residue.handles.filter(({ descriptor }) => descriptor !== null).length
  const held: readonly (readonly [number, Evidence['ledger'], string])[] = [
    [residue.sockets.length, 'kernel', 'connections of the work still open'],
    [unread, 'requests', 'of them held by unread bodies'],
    [files, 'kernel', 'files of the work still open'],
  ]
  return [
    composeFinding({
      code: 'DESCRIPTORS_EXHAUSTED',
      count,
      origin: null,
      request: null,
      openedAt: placeOf(openedAt, cwd),
      summary: `${plural(count, 'attempt')} failed because no descriptor was left${isDns ? '; it shows as a DNS error, and is none' : ''}`,
      evidence: [
        ...attempts.map(({ says, isDns, count: times }) => ({
          ledger: 'requests' as const,
          says: isDns ? `${says}: not DNS, the resolver found no descriptor free` : says,
          value: times,
        })),
        ...(descriptors === null
          ? []
          : [
              {
                ledger: 'kernel' as const,
                says: `descriptors open then${limit === null ? '' : `, of a limit of ${limit}`}`,
                value: descriptors,
              },
            ]),
        ...held.flatMap(([value, ledger, says]) => (value > 0 ? [{ ledger, says, value }] : [])),
      ],
      advice:
        'close what holds the descriptors: the other findings name it; and bound how many the work may open at a time (maxSockets, connections). A higher limit (ulimit -n) only moves the failure to a later request',
    }),
  ]
}

/** Bodies that were split in two of which one branch was taken and the other is not: the taken one cannot end, or cannot give its connection back, without it. */
import type { Evidence, Finding } from '../model/finding.ts'
import type { OpenRequest } from '../model/ledger-page.ts'
import { composeFinding, groupBy, placeOf, plural, requestShape } from './compose.ts'
import type { Material } from './material.ts'

/** With both unread nobody ever cared for the body at all: UNREAD_BODY. */
export const isHeldByBranch = ({ branches }: OpenRequest): boolean => branches?.includes('unread') === true && branches.includes('taken')

/** clone() leaves the first branch with the Response it was called on, and makes the second the clone's. */
const NAMES = ['the first branch, of clone() the Response itself', 'the second branch, of clone() the clone']

export function branchUnread(group: readonly [OpenRequest, ...OpenRequest[]], kernel: readonly Evidence[], material: Material): Finding {
  const [first] = group
  const unread = group.flatMap(({ branches }) =>
    (branches ?? []).flatMap((state, index) => (state === 'unread' ? (NAMES[index] ?? `branch ${index + 1}`) : [])),
  )
  return composeFinding({
    code: 'CLONE_BRANCH_UNREAD',
    count: group.length,
    origin: first.origin,
    request: requestShape(group),
    openedAt: placeOf(first.openedAt, material.cwd),
    lastTouchedAt: placeOf(first.branchedAt, material.cwd),
    summary: `${plural(group.length, 'body was', 'bodies were')} split in two, and one branch was never read or cancelled: the other cannot let go of the connection alone`,
    evidence: [
      ...groupBy(unread, (name) => name).map(
        ([name, ...more]): Evidence => ({ ledger: 'requests', says: `never read: ${name}`, value: more.length + 1 }),
      ),
      ...kernel,
    ],
    advice:
      'read both branches at the same time (Promise.all), or cancel the one nobody wants (await clone.body?.cancel()); a body is let go of when both are. Read it once and share the bytes where it fits in memory',
  })
}

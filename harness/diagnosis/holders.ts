/** In which way a request holds its lease, and the words for many of them. Pure. */
import type { OpenRequest } from '../model/ledger-page.ts'
import { isHeldByBranch } from './clones.ts'
import { plural } from './compose.ts'
import { isLostLease } from './lost-slots.ts'

export const isStream = (request: OpenRequest): boolean => request.isStream && request.phase !== 'queued'

export function wayHeld(request: OpenRequest): 'lost' | 'branch' | 'stream' | 'body' {
  if (isLostLease(request)) return 'lost'
  if (isHeldByBranch(request)) return 'branch'
  return isStream(request) ? 'stream' : 'body'
}

const HOLDERS = {
  lost: { held: ['lease lost', 'leases lost'], one: 'lost lease', many: 'lost leases' },
  branch: {
    held: ['lease held by an unread branch', 'leases held by unread branches'],
    one: 'unread branch of a clone',
    many: 'unread branches of clones',
  },
  stream: {
    held: ['stream held open by an unread body', 'streams held open by unread bodies'],
    one: 'open HTTP/2 stream',
    many: 'open HTTP/2 streams',
  },
  body: { held: ['lease held by an unread body', 'leases held by unread bodies'], one: 'unread body', many: 'unread bodies' },
} as const

function wayHeldBy([first]: readonly OpenRequest[]): keyof typeof HOLDERS {
  return first === undefined ? 'body' : wayHeld(first)
}

export function heldWords(holders: readonly OpenRequest[]): string {
  const [one, many] = HOLDERS[wayHeldBy(holders)].held
  return holders.length === 1 ? one : many
}

export function behind(holders: readonly OpenRequest[]): string {
  const { one, many } = HOLDERS[wayHeldBy(holders)]
  return holders.length === 0 ? 'a slot that is lost' : plural(holders.length, one, many)
}

/**
 * What a program that has ended left undone. Exit closes sockets and handles; it reads no body, and makes no room in a pool. A request whose connection is being
 * made, or that was sent, ends with its connection: whether it had one already when the program ended is a matter of milliseconds. Pure.
 */
import { isUnread } from '../diagnosis/requests.ts'
import type { LedgerPage } from '../model/ledger-page.ts'

/** The page of who was cut short: what is open may still be read, and closed. */
export function withNothingOpen(page: LedgerPage): LedgerPage {
  return { ...page, requests: [], responses: [], sockets: [], handles: [], blockedCloses: [], listenerStacks: [] }
}

/** @param isHung it ended under an await that never settled: then every open request is what it waited for. */
export function whatExitLeaves(page: LedgerPage, isHung: boolean): LedgerPage {
  const requests = page.requests.filter((request) => isHung || request.isInLine || isUnread(request, null, null))
  return { ...withNothingOpen(page), requests }
}

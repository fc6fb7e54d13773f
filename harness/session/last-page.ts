/** What a program that has ended left undone. Exit closes sockets and handles; it reads no body and answers no request. Pure. */
import { isUnread } from '../diagnosis/requests.ts'
import type { LedgerPage } from '../model/ledger-page.ts'

/** @param isHung it ended under an await that never settled: then every open request is what it waited for. */
export function whatExitLeaves(page: LedgerPage, isHung: boolean): LedgerPage {
  const requests = page.requests.filter((request) => isHung || request.phase === 'queued' || isUnread(request, null, null))
  return { ...page, requests, responses: [], sockets: [], handles: [], blockedCloses: [], listenerStacks: [] }
}

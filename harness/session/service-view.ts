/** A program that serves, seen as what it must give back: not its callers' connections, not what it makes once and keeps. Pure. */
import { groupBy, lineKey, placeOf } from '../diagnosis/compose.ts'
import { causesAmong, nounOf } from '../diagnosis/handles.ts'
import type { Census } from '../model/census.ts'
import type { LedgerPage, LedgerSocket, OpenHandle } from '../model/ledger-page.ts'
import type { Allowance } from '../model/options.ts'

/** From so many requests on, what stands there once was made for all of them: a lazily opened database connection, a refresh timer. */
const MANY_REQUESTS = 3

/** A service keeps its pools warm on purpose; a client per call, which also shows as idle connections, stays a finding. */
export const WARM_POOLS: Allowance = { code: 'IDLE_PAST_DEADLINE', because: 'a service keeps its pools warm' }

/** The page without what was made once at its line: one more with each request is a leak, one for all of them is not. */
export function withoutSingletons(page: LedgerPage): LedgerPage {
  return { ...withoutSettledPipes(page), handles: withoutSingles(page.handles, handleKey) }
}

/** Of the page's sockets only pipes count: the others are those of the census (`settledSockets`). */
export function withoutSettledPipes(page: LedgerPage): LedgerPage {
  const gone = new Set(settled(page).filter(({ isPipe }) => isPipe))
  return gone.size === 0 ? page : { ...page, sockets: page.sockets.filter((socket) => !gone.has(socket)) }
}

const handleKey = (handle: OpenHandle): string => `${handle.type} ${lineKey(handle.openedAt)}`

/** After few requests nobody can tell what was made for one of them from what was made once: said, not decided. */
export function undecided(page: LedgerPage, cwd: string): readonly string[] {
  const { requests } = page.served
  if (requests >= MANY_REQUESTS) return []
  const left = new Set(withoutSingles(page.handles, handleKey))
  const handles = causesAmong(page.handles).filter((handle) => !left.has(handle) && handle.isReferenced !== false && handle.iteration >= 0)
  const made = [
    ...handles.map((handle) => ({ ...handle, noun: nounOf(handle.type) })),
    ...singles(page).map((socket) => ({ ...socket, noun: 'connection' })),
  ]
  return made.map(({ noun, openedAt }) => {
    const where = placeOf(openedAt, cwd)
    return `a ${noun}${where === null ? '' : ` made at ${where.file}:${where.line}`} stayed after ${requests === 1 ? 'one request' : `${requests} requests`}: call it ${MANY_REQUESTS} times or more to tell a leak from what is made once`
  })
}

function withoutSingles<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return groupBy(items, keyOf).flatMap((group) => (group.length === 1 ? [] : group))
}

/**
 * What counts for nothing at the recount: what stood before the first request, connections of callers that keep them alive (theirs to close,
 * as long as nothing is being answered on them), a single connection of its own that no pool holds.
 */
export function settledSockets(census: Census, page: LedgerPage): Census {
  const inodes = new Set(settled(page).flatMap((socket) => socket.inode ?? []))
  return { ...census, sockets: census.sockets?.filter((socket) => !inodes.has(socket.inode) || socket.state === 'CLOSE_WAIT') ?? null }
}

const settled = (page: LedgerPage): readonly LedgerSocket[] => [...older(page), ...callers(page), ...singles(page)]

const older = (page: LedgerPage): readonly LedgerSocket[] => page.sockets.filter((socket) => socket.iteration < 0)

const callers = (page: LedgerPage): readonly LedgerSocket[] =>
  page.sockets.filter((socket) => socket.role === 'inbound' && socket.owner === 'http.Server')

function singles(page: LedgerPage): readonly LedgerSocket[] {
  const busy = new Set(page.requests.map((request) => request.socketId))
  const own = page.sockets.filter(
    (socket) => socket.role === 'outbound' && socket.poolId === null && !socket.isIdle && !busy.has(socket.id) && socket.iteration >= 0,
  )
  const kept = new Set(withoutSingles(own, (socket) => lineKey(socket.openedAt)))
  return own.filter((socket) => !kept.has(socket))
}

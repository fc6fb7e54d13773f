/** Several processes and threads seen as one subject. Pure. */
import type { Exhaustion, LedgerPage, Pulse, Served, ServerCloses } from '../model/ledger-page.ts'

/** The page of one process; its ordinal keeps its ids apart from those of the others, and the same from page to page. */
export interface PageOf {
  readonly ordinal: number
  readonly page: LedgerPage
}

/** Ids of one process stay below it: it would have to open a thousand million things. */
const IDS_PER_PROCESS = 1e9

const addServed = (a: Served, b: Served): Served => ({
  requests: a.requests + b.requests,
  outside: a.outside + b.outside,
  inFlight: a.inFlight + b.inFlight,
  accepted: a.accepted + b.accepted,
})

const sum = (pages: readonly PageOf[], of: (page: LedgerPage) => number): number => pages.reduce((total, { page }) => total + of(page), 0)

/** Null when there is none. */
export function mergePages(pages: readonly PageOf[]): LedgerPage | null {
  const [first] = pages
  if (first === undefined) return null
  const all = pages.map((each) => apart(each, first.page.timeOriginMs))
  return {
    level: first.page.level,
    atMs: Math.max(...all.map((page) => page.atMs)),
    timeOriginMs: first.page.timeOriginMs,
    requests: all.flatMap((page) => page.requests),
    responses: all.flatMap((page) => page.responses),
    sockets: all.flatMap((page) => page.sockets),
    pools: all.flatMap((page) => page.pools),
    handles: all.flatMap((page) => page.handles),
    rescued: all.flatMap((page) => page.rescued),
    blockedCloses: all.flatMap((page) => page.blockedCloses),
    listenerStacks: all.flatMap((page) => page.listenerStacks),
    queues: all.flatMap((page) => page.queues),
    resets: all.flatMap((page) => page.resets),
    serverCloses: mergeServerCloses(all.flatMap(({ serverCloses }) => serverCloses ?? [])),
    exhausted: mergeExhaustions(all.flatMap(({ exhausted }) => exhausted ?? [])),
    counts: {
      sent: sum(pages, ({ counts }) => counts.sent),
      ok: sum(pages, ({ counts }) => counts.ok),
      failed: sum(pages, ({ counts }) => counts.failed),
      connectionsOpened: sum(pages, ({ counts }) => counts.connectionsOpened),
      peakOpen: sum(pages, ({ counts }) => counts.peakOpen),
    },
    served: all.map((page) => page.served).reduce(addServed),
    durationsMs: all.flatMap((page) => page.durationsMs),
    dropped: sum(pages, ({ dropped }) => dropped),
    subscriberErrors: all.flatMap((page) => page.subscriberErrors),
    missing: all.flatMap((page) => page.missing),
  }
}

function mergeServerCloses(each: readonly ServerCloses[]): ServerCloses | null {
  const [first] = each
  if (first === undefined) return null
  return {
    ...first,
    count: each.reduce((count, one) => count + one.count, 0),
    leastAnswers: Math.min(...each.map(({ leastAnswers }) => leastAnswers)),
    mostAnswers: Math.max(...each.map(({ mostAnswers }) => mostAnswers)),
  }
}

/** The first one's circumstances, everybody's attempts. */
function mergeExhaustions(each: readonly Exhaustion[]): Exhaustion | null {
  const [first] = each
  if (first === undefined) return null
  const total = each.reduce((count, one) => count + one.count, 0)
  return { ...first, count: total, attempts: each.flatMap(({ attempts }) => attempts) }
}

/** With ids that no other process has, and times on the clock of the first. */
function apart({ ordinal, page }: PageOf, timeOriginMs: number): LedgerPage {
  const aheadMs = page.timeOriginMs - timeOriginMs
  const own = <T extends number | null>(id: T): T => (id === null ? id : ((id + ordinal * IDS_PER_PROCESS) as T))
  return {
    ...page,
    atMs: page.atMs + aheadMs,
    requests: page.requests.map((each) => ({
      ...each,
      id: own(each.id),
      socketId: own(each.socketId),
      poolId: own(each.poolId),
      createdAtMs: each.createdAtMs + aheadMs,
      headersAtMs: each.headersAtMs === null ? null : each.headersAtMs + aheadMs,
    })),
    responses: page.responses.map((each) => ({ ...each, id: own(each.id), startedAtMs: each.startedAtMs + aheadMs })),
    sockets: page.sockets.map((each) => ({
      ...each,
      id: own(each.id),
      poolId: own(each.poolId),
      openedAtMs: each.openedAtMs + aheadMs,
    })),
    pools: page.pools.map((each) => ({ ...each, id: own(each.id) })),
    handles: page.handles.map((each) => ({ ...each, id: own(each.id), openedAtMs: each.openedAtMs + aheadMs })),
  }
}

export function mergePulses(pulses: readonly Pulse[]): Pulse | null {
  if (pulses.length === 0) return null
  return pulses.reduce((a, b) => ({
    served: addServed(a.served, b.served),
    sent: a.sent + b.sent,
    ok: a.ok + b.ok,
    failed: a.failed + b.failed,
    open: a.open + b.open,
    callers: [...a.callers, ...b.callers],
    dialled: [...a.dialled, ...b.dialled],
  }))
}

/** Stuck, idle, at work or half closed: what each connection of a member is, by what several looks agree on. Pure. */
import { groupBy, plural } from '../compose.ts'
import { wayOf } from '../residue.ts'
import { type OutsideBook, originOf, type WatchedConnection } from './book.ts'
import type { OutsideRules } from './judge.ts'
import { reconcile, type WholeConnection } from './reconcile.ts'

/**
 * An unread body shows as bytes that nobody fetches, at either end, unchanged over several looks. Two seconds, as in scenarios (STALL_MS): a reader
 * that works moves its queue more often than that, and one that waits longer is what we are here to tell.
 */
export const STUCK_MS = 2_000
/** A peer's close is answered within milliseconds; one that is not for so long is not on its way. */
export const CLOSING_MS = 1_000
/** Unchanged for so long, data is not just passing by. */
const LIES_MS = 500
/** Fewer looks than this are a coincidence. */
const LEAST_LOOKS = 3
/** undici's timers have a resolution of 0.5 s, and a look comes up to a quarter of a second late (facts.md): tolerance 1 s. */
export const TOLERANCE_MS = 1_000

export interface Conditions {
  /** Data that nobody reads; who does not: us or the peer. */
  readonly stuck: readonly WholeConnection[]
  readonly peerClosed: readonly WholeConnection[]
  readonly idlePast: readonly WholeConnection[]
  /** Closed by us, not by the peer, for longer than the deadline. */
  readonly halfClosed: readonly WholeConnection[]
  /** Bytes went within the last second or two. */
  readonly busy: readonly WholeConnection[]
  /** A request went and no answer came, for seconds; at a listener: a request came and we have not answered. */
  readonly unanswered: readonly WholeConnection[]
  /** Open, with nothing against them so far. */
  readonly resting: readonly WholeConnection[]
  /** Why the verdict is open. */
  readonly undecided: readonly string[]
  readonly notes: readonly string[]
}

export const queuedBytes = ({ socket }: WatchedConnection): number => (socket.receiveQueueBytes ?? 0) + (socket.sendQueueBytes ?? 0)

/** Bytes in either end's queues, also where the other end is nobody's any more. */
const queuedAnywhere = ({ near, far, farOwnerless }: WholeConnection): number =>
  queuedBytes(near) +
  (far === null ? 0 : queuedBytes(far)) +
  (farOwnerless === null ? 0 : farOwnerless.receiveQueueBytes + farOwnerless.sendQueueBytes)

const stillFor = (atMs: number, ...ends: readonly (WatchedConnection | null)[]): number =>
  Math.min(...ends.flatMap((end) => (end === null ? [] : atMs - end.unchangedSinceMs)))

export const quietFor = (atMs: number, { near, far }: WholeConnection): number =>
  atMs - Math.max(near.quietSinceMs, far?.quietSinceMs ?? Number.NEGATIVE_INFINITY)

type Condition =
  | 'stuck'
  | 'peer closed'
  | 'half closed'
  | 'idle past'
  | 'idle so far'
  | 'busy'
  | 'uncounted'
  | 'connecting'
  | 'unanswered'
  | 'closed'

export function conditionsOf(book: OutsideBook, name: string, rules: OutsideRules): Conditions {
  const atMs = lastLookAt(book, name)
  const atEnd = rules.hasEnded === true ? lostAtEnd(book, name) : []
  const mine = [...reconcile(book), ...atEnd].filter(({ key, near }) => near.member === name && rules.isOlder?.(key) !== true)
  const traces = new Set(book.ownerless.flatMap(({ local, remote }) => [wayOf(local, remote), wayOf(remote, local)]))
  const here = (each: WholeConnection): Condition =>
    rules.hasEnded === true ? conditionAtEnd(each, rules, traces) : conditionOf(each, atMs, rules)
  const groups = new Map(groupBy(mine, (each) => here(each)).map((group) => [here(group[0]), group]))
  const of = (condition: Condition): readonly WholeConnection[] => groups.get(condition) ?? []
  const counts = (each: WholeConnection): boolean => rules.trustsIdle !== true && (rules.isContract || each.near.socket.role === 'outbound')
  const idlePast = of('idle past').filter(counts)
  const excused = [...of('idle past'), ...of('uncounted'), ...of('idle so far')].filter((each) => !counts(each))
  return {
    stuck: of('stuck'),
    peerClosed: of('peer closed'),
    halfClosed: of('half closed'),
    idlePast,
    busy: of('busy'),
    unanswered: of('unanswered'),
    resting: [...of('idle so far'), ...of('uncounted'), ...of('connecting')],
    undecided: rules.hasEnded === true ? atTheEnd(of) : openQuestions(of, counts, atMs, rules),
    notes: groupBy(excused, (each) => `${each.near.socket.role} ${originOfWhole(each)}`).map((group) => excusedNote(group, atMs, rules)),
  }
}

type Of = (condition: Condition) => readonly WholeConnection[]

function openQuestions(of: Of, counts: (each: WholeConnection) => boolean, atMs: number, rules: OutsideRules): readonly string[] {
  const slow = of('unanswered').filter((each) => quietFor(atMs, each) >= rules.deadlineMs)
  const lies = of('busy').filter((each) => queuedAnywhere(each) > 0 && stillFor(atMs, each.near, each.far) >= LIES_MS)
  const dialled = of('connecting').filter((each) => stillFor(atMs, each.near) >= STUCK_MS)
  return [
    ...groupBy(of('idle so far').filter(counts), originOfWhole).map((group) => soFar(group, atMs, rules)),
    ...groupBy(of('uncounted').filter(counts), originOfWhole).map(
      (group) =>
        `${plural(group.length, 'connection')} to ${originOfWhole(group[0])} look idle, but here nobody counts what they carry: install koffi, or run as root for a container`,
    ),
    ...groupBy(slow, (each) => `${each.near.socket.role} ${originOfWhole(each)}`).map((group) => unansweredText(group, atMs)),
    ...groupBy(lies, originOfWhole).map(
      (group) =>
        `data waits on ${plural(group.length, 'connection')} of ${originOfWhole(group[0])}, not for ${seconds(STUCK_MS)} yet: look longer (--for)`,
    ),
    ...groupBy(dialled, originOfWhole).map(
      (group) =>
        `${plural(group.length, 'connection')} to ${originOfWhole(group[0])} ${group.length === 1 ? 'waits' : 'wait'} for an answer to the SYN`,
    ),
  ]
}

function unansweredText(group: readonly [WholeConnection, ...WholeConnection[]], atMs: number): string {
  const longest = seconds(Math.max(...group.map((each) => quietFor(atMs, each))))
  const [first] = group
  const origin = originOfWhole(first)
  return first.near.socket.role === 'inbound'
    ? `${plural(group.length, 'caller waits', 'callers wait')} at ${origin} for an answer of ours, for up to ${longest}`
    : `it waits for ${plural(group.length, 'answer')} of ${origin}, for up to ${longest}: a request that nothing bounds, or a peer that hangs (watch it too)`
}

/**
 * How exit closed what was open a moment before. Data that lies unread makes the kernel reset a connection, and then nothing of it is left; one
 * that was read to the end is closed by FIN, which leaves TIME_WAIT or the like at one end.
 */
function conditionAtEnd(each: WholeConnection, rules: OutsideRules, traces: ReadonlySet<string>): Condition {
  const { near } = each
  const before = conditionOf(each, near.lastSeenMs, rules)
  if (before !== 'busy' && before !== 'idle so far') return before
  if (near.socket.state !== 'ESTABLISHED' || traces.has(wayOf(near.socket.local, near.socket.remote))) return 'closed'
  const { receiveQueueBytes, traffic } = near.socket
  return (receiveQueueBytes ?? 0) > 0 && (traffic?.receivedAgoMs ?? 0) >= LAIN_MS ? 'stuck' : before
}

/** What has lain for less when its program ends may have been on its way to a reader; a reader at work fetches within milliseconds. */
const LAIN_MS = 250

/** A runtime that ends closes what its program forgot a moment before its process is gone: Python's takes some 100 ms. */
const ENDING_MS = 500

function lostAtEnd(book: OutsideBook, name: string): readonly WholeConnection[] {
  const endedMs = book.members.get(name)?.endedAtMs ?? book.atMs
  return book.gone
    .filter(({ connection, goneAtMs }) => connection.member === name && goneAtMs >= endedMs - ENDING_MS)
    .filter(({ connection }) => queuedBytes(connection) > 0)
    .map(({ connection }) => ({ key: `gone ${connection.socket.inode}`, near: connection, far: null, farOwnerless: null }))
}

/** What was under way when it ended nobody can tell any more. */
function atTheEnd(of: Of): readonly string[] {
  const open = [...of('idle so far'), ...of('uncounted'), ...of('busy'), ...of('unanswered')].filter(
    ({ near }) => near.socket.role === 'outbound',
  )
  return groupBy(open, originOfWhole).map(
    (group) =>
      `it ended with ${plural(group.length, 'connection')} to ${originOfWhole(group[0])} open, and exit left no trace of ${group.length === 1 ? 'it' : 'them'}: whether all was read cannot be told`,
  )
}

/** Of one that has ended the looks are over: they count to the last one that saw it. */
function lastLookAt(book: OutsideBook, name: string): number {
  if (book.members.get(name)?.endedAtMs == null) return book.atMs
  const seen = [...book.connections.values()].filter((each) => each.member === name)
  return Math.max(book.startedMs, ...seen.map((each) => each.lastSeenMs))
}

export const originOfWhole = ({ near }: WholeConnection): string => originOf(near.socket)

function conditionOf(each: WholeConnection, atMs: number, rules: OutsideRules): Condition {
  const { near, far } = each
  const { state, traffic } = near.socket
  const stillMs = stillFor(atMs, near, far)
  const looks = Math.min(near.looks, far?.looks ?? near.looks)
  const isStill = stillMs >= CLOSING_MS && looks >= LEAST_LOOKS
  if (state === 'SYN_SENT') return 'connecting'
  if (state === 'CLOSE_WAIT') return isStill ? 'peer closed' : 'busy'
  if (state !== 'ESTABLISHED') return isStill && stillMs >= rules.deadlineMs ? 'half closed' : 'busy'
  const quietMs = quietFor(atMs, each)
  if (queuedAnywhere(each) > 0) return isStill && Math.max(stillMs, traffic === undefined ? 0 : quietMs) >= STUCK_MS ? 'stuck' : 'busy'
  if (isUnanswered(near) && quietMs >= CLOSING_MS) return 'unanswered'
  // Between two looks a request may come and go and leave the queues as they were: only counters tell.
  if (quietMs >= rules.deadlineMs + (rules.isContract ? 0 : TOLERANCE_MS)) return traffic === undefined ? 'uncounted' : 'idle past'
  return quietMs >= CLOSING_MS || traffic === undefined ? 'idle so far' : 'busy'
}

/** The last byte was a question: ours to the peer, or a caller's to us. Of one moment, to the ms, they count as answered, unless nothing ever came back. */
function isUnanswered({ socket: { role, traffic } }: WatchedConnection): boolean {
  if (traffic === undefined) return false
  const { receivedAgoMs, sentAgoMs, receivedBytes, sentBytes } = traffic
  // What the kernel counts as acknowledged begins with the SYN. On loopback it and the first question are of one moment.
  if (role === 'inbound' ? receivedBytes > 0 && sentBytes <= 1 : receivedBytes === 0 && sentBytes > 1) return true
  return role === 'inbound' ? receivedBytes > 0 && receivedAgoMs < sentAgoMs : sentAgoMs < receivedAgoMs
}

function soFar(group: readonly [WholeConnection, ...WholeConnection[]], atMs: number, rules: OutsideRules): string {
  const longest = Math.max(...group.map((each) => quietFor(atMs, each)))
  const seen = `${plural(group.length, 'connection')} ${group[0].near.socket.role === 'inbound' ? 'at' : 'to'} ${originOfWhole(group[0])}`
  return `${seen}, quiet for ${seconds(longest)} with nothing queued, the deadline is ${seconds(rules.deadlineMs)}: idle, or a small body nobody read; from outside these look alike`
}

function excusedNote(group: readonly [WholeConnection, ...WholeConnection[]], atMs: number, { deadlineMs }: OutsideRules): string {
  const longest = Math.max(...group.map((each) => quietFor(atMs, each)))
  const [first] = group
  const whose = first.near.socket.role === 'inbound' ? 'connections of callers at' : 'idle connections to'
  return `${group.length} ${whose} ${originOfWhole(first)} may stay, quiet for up to ${seconds(longest)}: to have them judged say --idle-timeout (${seconds(deadlineMs)} is only the default)`
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** Judges one member of what was watched from outside: pure, from the book of many looks to a diagnosis. */
import type { Diagnosis } from '../../model/diagnosis.ts'
import type { Finding } from '../../model/finding.ts'
import type { Allowance, Budget } from '../../model/options.ts'
import type { MemberLook } from '../../model/outside.ts'
import { isAllowed } from '../allowances.ts'
import { bySeverity, countsOf, verdictOf } from '../diagnose.ts'
import { isConnection, type OutsideBook } from './book.ts'
import { type Conditions, conditionsOf } from './conditions.ts'
import { churnFindings, exhaustedFindings } from './counts.ts'
import { connectionFindings } from './findings.ts'
import { hungFindings, isDeaf, isUnheard } from './hung.ts'
import { measuredIdle } from './idle-measured.ts'

export interface OutsideRules {
  /** Back at the baseline so long after the last byte. */
  readonly deadlineMs: number
  /** Somebody said so: then connections of callers that stay longer count as well, and so do warm pools of a service. */
  readonly isContract: boolean
  /** Connections that may stay: those of a service from before its first request. */
  readonly isOlder?: (key: string) => boolean
  /** Idle connections may stay: pools of a service that nobody gave a contract. */
  readonly trustsIdle?: boolean
  /** The idle timeout that a configuration shows; null: nothing to hold the measured one against. */
  readonly shownIdleMs: number | null
  /** Watched since its start: all it has it opened, also what was there at the first look. */
  readonly isFromStart?: boolean
  /** It was meant to go on, and nothing in it moves: then what its connections hold is what it waits for. */
  readonly isMeantToMove?: boolean
  /** It ended by itself: exit closes connections, and reads nothing. */
  readonly hasEnded?: boolean
  readonly allow: readonly Allowance[]
  readonly budget: Budget
  readonly doubts: readonly string[]
}

export interface OutsideJudgement {
  readonly diagnosis: Diagnosis
  /** What was measured, and what was left out of the verdict. */
  readonly notes: readonly string[]
}

export function judgeOutside(book: OutsideBook, name: string, rules: OutsideRules): OutsideJudgement {
  const member = book.members.get(name)
  if (member === undefined) throw new Error(`${name} is not in the book`)
  const conditions = conditionsOf(book, name, rules)
  const hung = hungFindings(book, member, conditions, rules)
  const measured = measuredIdle(book, name, rules)
  const found = [
    ...connectionFindings(isDeaf(book, member, conditions) ? withoutUnheard(conditions) : conditions, member, rules),
    ...hung.findings,
    ...exhaustedFindings(member),
    ...measured.findings,
    ...churnFindings(book, name),
  ]
  const findings = bySeverity(withinBudget(found, rules).filter((finding) => !isAllowed(finding, rules.allow, '')))
  const doubts = [...rules.doubts, ...doubtsOf(member.last, member.endedAtMs, conditions, rules)]
  const opened = [...book.connections.values(), ...book.gone.map(({ connection }) => connection)].filter(
    (each) => each.member === name && (rules.isFromStart === true || !each.isOlder) && each.socket.role === 'outbound',
  )
  const verdict = verdictOf(findings, doubts)
  return {
    diagnosis: {
      verdict,
      findings,
      workError: undefined,
      missing: [...doubts, ...member.last.missing.map(({ probe, missing }) => `${probe}: ${missing}`)],
      baseline: countsOf(asCensus(rules.isFromStart === true ? { ...member.first, sockets: [] } : member.first, book.startedMs)),
      peak: countsOf(asCensus(member.peak, book.atMs)),
      recount: countsOf(asCensus(member.last, book.atMs)),
      deadlineMs: rules.deadlineMs,
      returnedToBaselineMs: null,
      blockedAtRequest: hung.blockedAtRequest,
      requests: { sent: 0, ok: 0, failed: 0 },
      connectionsOpened: opened.length,
    },
    notes: [...conditions.notes, ...measured.notes, ...rangeNotes(book, name)],
  }
}

/** A process that takes nothing has one trouble, not one for each request. */
const withoutUnheard = (conditions: Conditions): Conditions => ({
  ...conditions,
  stuck: conditions.stuck.filter((each) => !isUnheard(each)),
})

/** What could not be told, and would change the verdict. */
function doubtsOf(last: MemberLook, endedAtMs: number | null, { undecided }: Conditions, rules: OutsideRules): readonly string[] {
  const blind = last.sockets === null ? ['its connections could not be seen'] : []
  const ended =
    endedAtMs !== null && rules.hasEnded !== true ? ['it ended while it was watched: judged is what it had open just before'] : []
  return [...blind, ...ended, ...undecided]
}

function withinBudget(found: readonly Finding[], { budget }: OutsideRules): readonly Finding[] {
  const idle = found.filter(({ code }) => code === 'IDLE_PAST_DEADLINE')
  const count = idle.reduce((sum, finding) => sum + finding.count, 0)
  return count > 0 && count <= (budget.sockets ?? 0) ? found.filter((finding) => !idle.includes(finding)) : found
}

const asCensus = ({ sockets, descriptors }: MemberLook, atMs: number) => ({
  atMs,
  sockets,
  files: null,
  descriptors,
  handles: null,
  missing: [],
})

/** A cluster at rest keeps one or two connections in turns: how many there were is a range. */
function rangeNotes(book: OutsideBook, name: string): readonly string[] {
  const member = book.members.get(name)
  if (member === undefined || book.looks < 3) return []
  const { least, most } = member.sockets
  const goroutines =
    member.goroutines === null
      ? []
      : [`goroutines: ${rangeText(member.goroutines.least, member.goroutines.most)}${ofConnections(member.lastGoroutines?.ofConnections)}`]
  const open = (member.last.sockets ?? []).filter(isConnection)
  const inbound = open.filter(({ role }) => role === 'inbound').length
  return [
    `connections over ${book.looks} looks: ${rangeText(least, most)} (now ${open.length - inbound} outbound, ${inbound} inbound)`,
    ...goroutines,
  ]
}

const rangeText = (least: number, most: number): string => (least === most ? String(least) : `${least} to ${most}`)
const ofConnections = (count: number | null | undefined): string =>
  count == null ? '' : `, ${count} of them read or write pooled connections`

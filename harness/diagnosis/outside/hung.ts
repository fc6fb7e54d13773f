/** What a process waits for, as far as it shows from outside. Pure. */
import type { Finding } from '../../model/finding.ts'
import type { OwnerlessSighting } from '../../model/outside.ts'
import { composeFinding, groupBy, plural } from '../compose.ts'
import { type MemberBook, type OutsideBook, ownerlessKey } from './book.ts'
import { CLOSING_MS, type Conditions, originOfWhole, STUCK_MS, seconds } from './conditions.ts'
import type { OutsideRules } from './judge.ts'
import type { WholeConnection } from './reconcile.ts'

interface Hung {
  readonly findings: readonly Finding[]
  readonly blockedAtRequest: number | null
}

export function hungFindings(book: OutsideBook, member: MemberBook, conditions: Conditions, rules: OutsideRules): Hung {
  const starved = starvedFinding(book, member, conditions, rules)
  const deaf = deafFinding(book, member, conditions)
  return {
    findings: [...(starved === null ? [] : starved.findings), ...(deaf === null ? [] : [deaf])],
    blockedAtRequest: starved?.blockedAtRequest ?? null,
  }
}

/**
 * Every connection to one origin holds data that nobody reads, and whoever asks for another waits. Told by goroutines in net/http's getConn where these can be
 * asked; else by a program that was meant to go on and does not, unless it sleeps by a clock.
 */
function starvedFinding(book: OutsideBook, member: MemberBook, conditions: Conditions, rules: OutsideRules): Hung | null {
  const ours = conditions.stuck.filter(({ near }) => near.socket.role === 'outbound' && (near.socket.receiveQueueBytes ?? 0) > 0)
  const full = groupBy(ours, originOfWhole).filter((group) => !othersAtWork(conditions, originOfWhole(group[0])))
  const [held] = full.toSorted((a, b) => b.length - a.length)
  if (held === undefined || book.atMs - book.lastOpenedMs < STUCK_MS) return null
  const waiting = member.lastGoroutines?.waiting ?? null
  const isBlocked = waiting === null ? rules.isMeantToMove === true : waiting > 0
  if (!isBlocked) return null
  const origin = originOfWhole(held[0])
  const facts = { origin, request: null, openedAt: null }
  const blockedAt = held.length + 1
  return {
    blockedAtRequest: blockedAt,
    findings: [
      composeFinding({
        code: 'POOL_STARVED',
        ...facts,
        count: waiting ?? 1,
        summary: `blocks at request ${blockedAt}: ${plural(held.length, 'connection')} to ${origin} ${held.length === 1 ? 'holds' : 'hold'} data that nobody reads, no other is opened`,
        evidence: [
          { ledger: 'kernel', says: 'connections that hold unread data', value: held.length },
          ...(waiting === null
            ? []
            : [{ ledger: 'pools' as const, says: 'goroutines that wait for a connection (getConn)', value: waiting }]),
        ],
        advice: 'let go of the bodies the other finding names: a wider limit only moves the request that blocks',
      }),
      ...(rules.isMeantToMove === true
        ? [
            composeFinding({
              code: 'WORK_HUNG' as const,
              ...facts,
              count: 1,
              summary: `the program does not go on: for ${seconds(stillFor(book, held))} no byte has moved and no connection was opened`,
              evidence: [
                { ledger: 'kernel' as const, says: 'no byte on any of its connections for, ms', value: Math.round(stillFor(book, held)) },
              ],
              advice: 'what it waits for is held by the bodies the other findings name',
            }),
          ]
        : []),
    ],
  }
}

const othersAtWork = ({ busy, resting, unanswered }: Conditions, origin: string): boolean =>
  [...busy, ...resting, ...unanswered].some((each) => originOfWhole(each) === origin && each.near.socket.role === 'outbound')

const stillFor = (book: OutsideBook, group: readonly WholeConnection[]): number =>
  Math.min(book.atMs - book.lastOpenedMs, ...group.map(({ near }) => book.atMs - near.quietSinceMs))

/** Requests that its process neither accepts nor reads. */
export const isUnheard = ({ near }: WholeConnection): boolean => near.socket.role === 'inbound' && (near.socket.receiveQueueBytes ?? 0) > 0

/**
 * Connections that wait for accept(), or requests that nobody reads while the process burns CPU: it lives, and does not run its event loop. Requests that
 * lie unread in a process at rest are told as unread bodies instead.
 */
export function isDeaf(book: OutsideBook, member: MemberBook, { stuck }: Conditions): boolean {
  return backlogOf(book, member).length > 0 || (stuck.some(isUnheard) && book.atMs - member.restingSinceMs < CLOSING_MS)
}

function backlogOf(book: OutsideBook, { last }: MemberBook): readonly OwnerlessSighting[] {
  const ports = new Set((last.sockets ?? []).filter(({ state }) => state === 'LISTEN').map(({ local }) => `${last.network} ${local.port}`))
  return book.ownerless.filter((row) => {
    const sinceMs = ports.has(`${row.network} ${row.local.port}`) ? book.backlog.get(ownerlessKey(row)) : undefined
    return sinceMs !== undefined && book.atMs - sinceMs >= STUCK_MS
  })
}

function deafFinding(book: OutsideBook, member: MemberBook, conditions: Conditions): Finding | null {
  if (!isDeaf(book, member, conditions)) return null
  const waiting = backlogOf(book, member)
  const unheard = conditions.stuck.filter(isUnheard)
  const [first] = [...waiting.map(({ local }) => local), ...unheard.map(({ near }) => near.socket.local)]
  if (first === undefined) return null
  const origin = `tcp://${first.address.includes(':') ? `[${first.address}]` : first.address}:${first.port}`
  const isBurning = book.atMs - member.restingSinceMs < CLOSING_MS
  return composeFinding({
    code: 'WORK_HUNG',
    count: 1,
    origin,
    request: null,
    openedAt: null,
    summary: `the process does not take what comes to ${origin}: for more than ${seconds(STUCK_MS)} nobody accepts or reads ${plural(waiting.length + unheard.length, 'connection')}`,
    evidence: [
      ...(waiting.length === 0 ? [] : [{ ledger: 'kernel' as const, says: 'connections not accepted', value: waiting.length }]),
      ...(unheard.length === 0 ? [] : [{ ledger: 'kernel' as const, says: 'requests not read', value: unheard.length }]),
      { ledger: 'kernel', says: isBurning ? 'it uses CPU all the time' : 'it uses no CPU', value: null },
    ],
    advice: `its event loop is blocked${isBurning ? ' by a computation' : ', or the process is stopped'}: look at its stack`,
  })
}

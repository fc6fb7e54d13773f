/** What stays open, as findings: one for each origin and cause, told from the end that opened it. Pure. */
import type { Evidence, Finding } from '../../model/finding.ts'
import { composeFinding, groupBy, plural } from '../compose.ts'
import type { MemberBook } from './book.ts'
import { type Conditions, originOfWhole, quietFor, seconds } from './conditions.ts'
import type { OutsideRules } from './judge.ts'
import type { WholeConnection } from './reconcile.ts'

type Group = readonly [WholeConnection, ...WholeConnection[]]

export function connectionFindings(conditions: Conditions, member: MemberBook, rules: OutsideRules): readonly Finding[] {
  const each = (
    connections: readonly WholeConnection[],
    compose: (group: Group, member: MemberBook, rules: OutsideRules) => Finding,
  ): readonly Finding[] =>
    groupBy(connections, (one) => `${whoIsToRead(one)} ${originOfWhole(one)}`).map((group) => compose(group, member, rules))
  return [
    ...each(conditions.stuck, unread),
    ...each(conditions.peerClosed, peerClosed),
    ...each(conditions.halfClosed, halfClosed),
    ...each(conditions.idlePast, idlePast),
  ]
}

/** Who does not read what lies there: bytes in our receive queue, or in the peer's send queue, wait for us. */
function whoIsToRead({ near, far, farOwnerless }: WholeConnection): 'we' | 'the peer' {
  const forUs = (near.socket.receiveQueueBytes ?? 0) + (far?.socket.sendQueueBytes ?? farOwnerless?.sendQueueBytes ?? 0)
  return forUs > 0 ? 'we' : 'the peer'
}

function unread(group: Group, member: MemberBook, { hasEnded }: OutsideRules): Finding {
  const [first] = group
  const who = whoIsToRead(first)
  const isCaller = first.near.socket.role === 'outbound'
  const body = isCaller === (who === 'we') ? 'response bodies' : 'request bodies'
  const one = body.replace('bodies', 'body')
  const byUs = who === 'we' ? 'were never read or released' : `of ours ${group.length === 1 ? 'is' : 'are'} not read by the peer`
  const counted = plural(group.length, one, body)
  return composeFinding({
    code: 'UNREAD_BODY',
    ...factsOf(group),
    summary: `${counted} ${group.length === 1 ? byUs.replace('were', 'was') : byUs}: ${hasEnded === true ? 'exit threw away what lay on' : 'nothing moves on'} ${plural(group.length, 'connection')}`,
    evidence: [...stateEvidence(group), ...queueEvidence(group), ...goroutineEvidence(member, group)],
    advice:
      who === 'we'
        ? 'read the body to its end or close it on every path: defer resp.Body.Close() in Go, `with requests.get(..., stream=True) as r:` in Python, response.resume() in Node'
        : isCaller
          ? 'the peer takes no more of what is sent: give the request a deadline, and look at the peer (watch both: watertight attach <this> <peer>)'
          : 'the fault is at the caller, which does not read: watch it too (watertight attach <this> <caller>), and give responses a write deadline',
  })
}

function peerClosed(group: Group, member: MemberBook): Finding {
  return composeFinding({
    code: 'PEER_CLOSED',
    ...factsOf(group),
    summary: `the peer closed ${plural(group.length, 'connection')}, we did not`,
    evidence: [...stateEvidence(group), ...queueEvidence(group), ...goroutineEvidence(member, group)],
    advice: 'read to the end and close: what holds the connection neither reads its end nor lets go of it',
  })
}

function halfClosed(group: Group): Finding {
  return composeFinding({
    code: 'SOCKET_LEFT_OPEN',
    ...factsOf(group),
    summary: `${plural(group.length, 'connection')} closed by us and not by the peer ${group.length === 1 ? 'is' : 'are'} still held`,
    evidence: stateEvidence(group),
    advice: 'close it whole when the peer does not answer the close: a deadline, then close() or destroy()',
  })
}

function idlePast(group: Group, member: MemberBook, { deadlineMs, isContract }: OutsideRules): Finding {
  const longest = Math.max(...group.map((each) => quietFor(each.near.lastSeenMs, each)))
  return composeFinding({
    code: 'IDLE_PAST_DEADLINE',
    ...factsOf(group),
    summary: `${plural(group.length, 'idle connection outlives', 'idle connections outlive')} the idle timeout of ${deadlineMs} ms: quiet for up to ${seconds(longest)}`,
    evidence: [
      ...stateEvidence(group),
      { ledger: 'kernel', says: 'longest without a byte, ms', value: Math.round(longest) },
      ...goroutineEvidence(member, group),
    ],
    advice: `${isContract ? '' : 'if longer is meant, say so with --idle-timeout; else '}set the client's idle timeout below ${deadlineMs} ms, and close what is not pooled: an unread body that was small enough to leave nothing queued looks the same`,
  })
}

function factsOf(group: Group): Pick<Finding, 'count' | 'origin' | 'request' | 'openedAt'> {
  return { count: group.length, origin: originOfWhole(group[0]), request: null, openedAt: null }
}

function stateEvidence(group: Group): readonly Evidence[] {
  return groupBy(group, ({ near }) => near.socket.state).map((each) => ({
    ledger: 'kernel' as const,
    says: each[0].near.socket.state,
    value: each.length,
  }))
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Both ends, each with its own words; an end without a process is the kernel's own. */
function queueEvidence(group: Group): readonly Evidence[] {
  const [first] = group
  const rows = [
    ['kernel', 'bytes waiting in receive queues', sum(group.map(({ near }) => near.socket.receiveQueueBytes ?? 0))],
    ['kernel', 'bytes not taken by the peer', sum(group.map(({ near }) => near.socket.sendQueueBytes ?? 0))],
    [
      'peer',
      `bytes that ${first.far?.member ?? 'the other end'} cannot send`,
      sum(group.map(({ far }) => far?.socket.sendQueueBytes ?? 0)),
    ],
    [
      'peer',
      `bytes that ${first.far?.member ?? 'the other end'} has not read`,
      sum(group.map(({ far }) => far?.socket.receiveQueueBytes ?? 0)),
    ],
    [
      'peer',
      'bytes the kernel still holds for a peer whose process has let go',
      sum(group.map(({ farOwnerless }) => (farOwnerless?.sendQueueBytes ?? 0) + (farOwnerless?.receiveQueueBytes ?? 0))),
    ],
  ] as const
  const still = Math.min(...group.map(({ near }) => near.lastSeenMs - near.unchangedSinceMs))
  const looks = Math.min(...group.map(({ near }) => near.looks))
  return [
    ...rows.filter(([, , value]) => value > 0).map(([ledger, says, value]) => ({ ledger, says, value })),
    { ledger: 'kernel', says: `unchanged over ${looks} looks, ms`, value: Math.round(still) },
  ]
}

function goroutineEvidence({ lastGoroutines }: MemberBook, group: Group): readonly Evidence[] {
  if (lastGoroutines === null || group[0].near.socket.role !== 'outbound') return []
  const { total, ofConnections } = lastGoroutines
  return ofConnections === null
    ? [{ ledger: 'pools', says: 'goroutines', value: total }]
    : [{ ledger: 'pools', says: `goroutines that read and write pooled connections, of ${total}`, value: ofConnections }]
}

import type { Evidence, Finding, LedgerName, Place } from '../harness/model/finding.ts'
import type { Proof } from '../harness/model/run-record.ts'
import { TCP_STATES } from '../harness/model/sighting.ts'
import { counted, duration, readableBytes } from './amounts.ts'
import { oneLine } from './neutralise.ts'

const isTcpState = (text: string): boolean => (TCP_STATES as readonly string[]).includes(text)

/** A number in front of its words; not where they begin with it, say that there is none, or measure something of the whole group themselves. */
function sayNumber(ledger: LedgerName, says: string, value: number, count: number): string {
  const measuresGroup = ledger === 'requests' && value === count && /\d/.test(says)
  if (measuresGroup || new RegExp(`^${value}\\b`).test(says) || (value === 0 && /^no\b/.test(says))) return says
  if (says.endsWith(', ms')) return `${says.slice(0, -', ms'.length)}: ${duration(value)}`
  return isTcpState(says) ? `${counted(value, 'socket', 'sockets')} ${says}` : `${value} ${says}`
}

/** One piece of evidence in words. The peer's begins with its source: `embedded backend: connections open`. */
function sayEvidence({ ledger, says, value }: Evidence, count: number): string {
  if (value === null) return says
  if (typeof value === 'string') return `${says}: ${value}`
  const [source, what] = ledger === 'peer' ? says.split(': ', 2) : []
  return what === undefined ? sayNumber(ledger, says, value, count) : `${source}: ${value} ${what}`
}

/** What each ledger says, in words and in the order of the evidence. */
export function evidenceByLedger(finding: Finding): ReadonlyMap<LedgerName, readonly string[]> {
  const byLedger = new Map<LedgerName, string[]>()
  for (const evidence of finding.evidence) {
    const said = byLedger.get(evidence.ledger) ?? []
    byLedger.set(evidence.ledger, [...said, oneLine(readableBytes(sayEvidence(evidence, finding.count)))])
  }
  return byLedger
}

/** Evidence of all ledgers: `headers at +12 ms, 0 of 1.0 MB read; 25 sockets ESTABLISHED; 1 queued`. Empty when there is none. */
export function why(finding: Finding): string {
  return [...evidenceByLedger(finding).values()].map((said) => said.join(', ')).join('; ')
}

/** `scenarios/backend/article-batch-copy.ts:41 in copyAll` */
export function placeText(place: Place): string {
  return oneLine(`${place.file}:${place.line}${place.function === null ? '' : ` in ${place.function}`}`)
}

/** `GET http://127.0.0.1:9000/photos/*`; what does not apply is left out. */
export function requestText(finding: Finding): string {
  const { request, origin } = finding
  return oneLine(request === null ? (origin ?? '') : `${request.method} ${origin ?? ''}${request.path}`)
}

/** `released 25 bodies: request 26 answered in 3 ms, back at the baseline in 40 ms` */
export function proofText(proof: Proof, blockedAtRequest: number | null, released: 'body' | 'suspect'): string {
  const said: string[] = []
  if (proof.answeredInMs !== null) {
    said.push(
      `${blockedAtRequest === null ? 'the next request' : `request ${blockedAtRequest}`} answered in ${duration(proof.answeredInMs)}`,
    )
  } else if (blockedAtRequest !== null) {
    said.push(`request ${blockedAtRequest} was still not answered`)
  }
  said.push(proof.baselineInMs === null ? 'never back at the baseline' : `back at the baseline in ${duration(proof.baselineInMs)}`)
  const what = released === 'body' ? counted(proof.released, 'body', 'bodies') : counted(proof.released, 'suspect', 'suspects')
  return `released ${what}: ${said.join(', ')}`
}

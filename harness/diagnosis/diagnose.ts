import type { Census } from '../model/census.ts'
import type { CensusCounts, Diagnosis, Verdict } from '../model/diagnosis.ts'
import { type Evidence, type Finding, SEVERITIES } from '../model/finding.ts'
import type { OpenHandle, OpenRequest, OpenResponse } from '../model/ledger-page.ts'
import { isAllowed, unusedAllowances } from './allowances.ts'
import { churnFinding } from './churn.ts'
import { composeFinding, groupBy, lineKey, placeOf, requestShape } from './compose.ts'
import { connectionFindings } from './connections.ts'
import { exhaustedFindings } from './exhausted.ts'
import { fileFindings } from './files.ts'
import { growthFindings } from './growth.ts'
import { handleFindings } from './handles.ts'
import { heldUpFindings } from './held-up.ts'
import { ineffectiveFindings, lateHeaderFindings } from './ineffective.ts'
import { keptAlive } from './kept-alive.ts'
import { limitFindings } from './limits.ts'
import { carriesNothing, lostSlotFindings } from './lost-slots.ts'
import type { Material } from './material.ts'
import { PHASE_WORDS, requestFindings } from './requests.ts'
import { rescuedFindings } from './rescued.ts'
import { connectionsOf, isBack, type Residue, residueOf } from './residue.ts'
import { responseFindings } from './responses.ts'
import { saturatedFindings } from './saturated.ts'
import { stillMoving } from './still-moving.ts'

/** Judges: pure, from plain data to plain data. Cause before symptom, one finding per resource, most severe first. */
export function diagnose(material: Material): Diagnosis {
  const residue = residueOf(material.baseline, material.recount, material.page, material.options)
  const responses = responseFindings(material, residue)
  const requests = requestFindings(material, {
    ...residue,
    requests: residue.requests.filter((request) => !responses.absorbed.has(request)),
  })
  const lost = residue.sockets.filter((socket) => carriesNothing(socket, material.page))
  const lateHeaders = lateHeaderFindings(material, residue)
  const claimed = new Set([...requests.claimed, ...responses.claimed, ...lost, ...lateHeaders.claimed])
  const found = [
    ...responses.findings,
    ...requests.findings,
    ...lostSlotFindings(material, residue),
    ...rescuedFindings(residue, material.cwd),
    ...connectionFindings(material, residue, claimed),
    // Work that hangs has not ended: its timers and the like are still its own.
    ...(material.hung === null
      ? [...handleFindings(material, residue), ...fileFindings(material, residue), ...heldUpFindings(material, residue)]
      : []),
    ...growthFindings(material, residue),
    ...exhaustedFindings(material, residue),
    ...(stillMoving(material) === null ? hungFinding(material, requests.waitedFor, residue.handles, responses.unended) : []),
    ...churnFinding(material),
    ...saturatedFindings(material, requests.findings),
    ...limitFindings(material),
    ...ineffectiveFindings(material, requests),
    ...lateHeaders.findings,
  ]
  const { allow, sharedAllow } = material.options
  const left = withinBudget(found, residue, material).filter((finding) => !isAllowed(finding, [...allow, ...sharedAllow], material.cwd))
  const findings = bySeverity([...left, ...unusedAllowances(found, material)])
  const missing = [...doubtsOf(material), ...material.recount.missing.map(({ probe, missing }) => `${probe}: ${missing}`)]
  const counts = material.page?.counts
  return {
    verdict: verdictOf(findings, doubtsOf(material)),
    findings,
    workError: material.workError,
    missing,
    baseline: countsOf(material.baseline),
    peak: countsOf(material.peak),
    recount: countsOf(material.recount),
    deadlineMs: material.deadlineMs,
    returnedToBaselineMs: material.returnedToBaselineMs,
    blockedAtRequest: requests.blockedAtRequest,
    requests: { sent: counts?.sent ?? 0, ok: counts?.ok ?? 0, failed: counts?.failed ?? 0 },
    connectionsOpened: counts?.connectionsOpened ?? 0,
  }
}

/** Severities that make the verdict `leaked`. */
const LEAKED: ReadonlySet<string> = new Set(['leak', 'starvation'])

export function verdictOf(findings: readonly Finding[], doubts: readonly string[]): Verdict {
  if (findings.some((finding) => LEAKED.has(finding.severity))) return 'leaked'
  if (findings.some((finding) => finding.severity === 'misconfiguration')) return 'misconfigured'
  return doubts.length > 0 ? 'inconclusive' : 'clean'
}

function doubtsOf(material: Material): readonly string[] {
  const { page, options } = material
  const moving = stillMoving(material)
  const doubts = moving === null ? material.doubts : [...material.doubts, moving]
  if (options.level === 'off') return doubts
  // That nobody inside answers is then the finding itself.
  if (page === null && material.hung?.because === 'event loop blocked') return doubts
  if (page === null) return [...doubts, 'the ledger inside the subject did not answer']
  const dropped = page.dropped > 0 ? [`the ledger dropped ${page.dropped} entries`] : []
  return [...doubts, ...dropped, ...page.subscriberErrors.map((error) => `a subscriber of the ledger failed: ${error}`)]
}

export const bySeverity = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))

/** What no budget excuses: it says how many may stay, not that they may grow, nor that the work may fail for want of a descriptor. */
const BEYOND_BUDGET: ReadonlySet<string> = new Set(['WORK_HUNG', 'GROWTH', 'DESCRIPTORS_EXHAUSTED'])

/** What each kind of budget lets stay. */
const OF_SOCKETS: ReadonlySet<string> = new Set(['IDLE_PAST_DEADLINE', 'SOCKET_LEFT_OPEN', 'CLIENT_PER_CALL'])
const OF_HANDLES: ReadonlySet<string> = new Set([
  'TIMER_LEFT',
  'WATCHER_LEFT',
  'WORKER_LEFT',
  'CHILD_LEFT',
  'FILE_LEFT_OPEN',
  'HANDLE_LEFT',
  'SERVER_LEFT_LISTENING',
])

/** A budget lets connections and handles stay, each kind by itself; it never excuses an unread body. */
function withinBudget(findings: readonly Finding[], residue: Residue, { options }: Material): readonly Finding[] {
  if (isBack(residue, options)) return findings.filter((finding) => !LEAKED.has(finding.severity) || BEYOND_BUDGET.has(finding.code))
  const { budget } = options
  const areSocketsWithin = residue.sockets.length <= budget.sockets
  const areHandlesWithin = residue.handles.length + residue.files.length <= budget.handles
  return findings.filter(({ code }) => !((areSocketsWithin && OF_SOCKETS.has(code)) || (areHandlesWithin && OF_HANDLES.has(code))))
}

/** Where nobody inside could be asked, or nothing is left to ask. */
const NOTHING_KNOWN: Readonly<Record<string, string>> = {
  'event loop blocked': 'its event loop runs without a pause, or a call blocks it: nobody inside can be asked',
  'never settled': 'no request was open: it waited for a promise that nothing was left to settle',
}

function hungFinding(
  { hung, cwd }: Material,
  waitedFor: readonly OpenRequest[],
  handles: readonly OpenHandle[],
  owed: readonly OpenResponse[],
): readonly Finding[] {
  if (hung === null) return []
  const why = {
    unanswered: 'the responses it owes are not ended, nothing moves, and nothing is open that could end them',
    stalled: 'every lease is held by an unread body, a request is queued and nothing moves',
    // Within which time it did not settle is said already.
    timeout: null,
    'event loop blocked': 'its event loop does not answer',
    'never settled': 'it ended under an await that nothing could settle any more',
  }[hung.because]
  const [oldest, ...more] = waitedFor
  const kept = keptAlive(waitedFor.length + owed.length === 0 ? handles : [], cwd)
  const busyAt = placeOf(hung.busyAt ?? null, cwd)
  const busy: Evidence[] =
    busyAt === null
      ? []
      : [{ ledger: 'requests', says: `on the stack at every look, never returning: ${busyAt.file}:${busyAt.line}`, value: busyAt.function }]
  const unended: Evidence[] =
    owed.length === 0 ? [] : [{ ledger: 'requests', says: 'waits for handlers to end their responses', value: owed.length }]
  const evidence: Evidence[] = groupBy(waitedFor, (request) => `${lineKey(request.openedAt)} ${request.phase}`).map((group) => {
    const { openedAt, phase, method, origin, path } = group[0]
    const where = placeOf(openedAt, cwd)
    const says = `waits for ${method} ${origin ?? ''}${path ?? ''} (${PHASE_WORDS[phase]})${where === null ? '' : ` asked for at ${where.file}:${where.line}`}`
    return { ledger: 'requests', says, value: group.length }
  })
  return [
    composeFinding({
      code: 'WORK_HUNG',
      count: 1,
      origin: oldest?.origin ?? null,
      request: oldest === undefined ? null : requestShape([oldest, ...more]),
      openedAt:
        busyAt ?? (oldest === undefined ? (placeOf(owed[0]?.openedAt ?? null, cwd) ?? kept.openedAt) : placeOf(oldest.openedAt, cwd)),
      summary: `the work did not settle within ${Math.round(hung.afterMs)} ms${why === null ? '' : `: ${why}`}`,
      evidence:
        busy.length + evidence.length + unended.length + kept.evidence.length > 0
          ? [...busy, ...evidence, ...unended, ...kept.evidence]
          : [{ ledger: 'requests', says: NOTHING_KNOWN[hung.because] ?? 'no request is open: it waits for something else', value: 0 }],
      advice:
        busyAt !== null
          ? 'let this line come to an end, or give it to a worker: a loop needs a bound or an await that waits, a regular expression no repetition within a repetition ((a+)+), a large computation pauses; until then no timer, no timeout and no AbortSignal of this process fires'
          : hung.because === 'stalled'
            ? 'what it waits for is held by the bodies the other findings name'
            : owed.length > 0
              ? 'end the responses the other findings name; a caller bounds its own wait with an AbortSignal that has a timeout'
              : 'bound every wait: pass an AbortSignal with a timeout to what the work awaits',
    }),
  ]
}

export function countsOf(census: Census): CensusCounts {
  const open = connectionsOf(census)
  const byState: Record<string, number> = {}
  for (const socket of open) byState[socket.state] = (byState[socket.state] ?? 0) + 1
  const handles = census.handles === null ? null : Object.values(census.handles).reduce((sum, count) => sum + count, 0)
  return { sockets: census.sockets === null ? null : open.length, handles, descriptors: census.descriptors, byState }
}

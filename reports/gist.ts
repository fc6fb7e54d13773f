import type { Finding, FindingCode } from '../harness/model/finding.ts'
import type { ScenarioRun } from '../harness/model/run-record.ts'
import { counted, duration } from './amounts.ts'
import { oneLine } from './neutralise.ts'

/** The shortest true words for a group, for the head of a run; a code without an entry is told by its summary. */
const SHORTLY: Partial<Record<FindingCode, (count: number) => string>> = {
  UNREAD_BODY: (count) => counted(count, 'body unread', 'bodies unread'),
  REQUEST_OUTLIVES_CALLER: (count) => counted(count, 'request outlives its caller', 'requests outlive their caller'),
  SOCKET_LEFT_OPEN: (count) => counted(count, 'socket left open', 'sockets left open'),
  PEER_CLOSED: (count) => counted(count, 'connection closed by the peer only', 'connections closed by the peer only'),
  CLIENT_PER_CALL: (count) => counted(count, 'client for one origin', 'clients for one origin'),
  IDLE_PAST_DEADLINE: (count) => counted(count, 'idle connection past the deadline', 'idle connections past the deadline'),
  HANDLE_LEFT: (count) => counted(count, 'handle left', 'handles left'),
}

/** Does the head of the run already say what this finding says? */
export function isToldByGist(finding: Finding, run: ScenarioRun): boolean {
  return run.verdict !== 'clean' && finding === run.findings[0]
}

function tell(finding: Finding): string {
  return SHORTLY[finding.code]?.(finding.count) ?? oneLine(finding.summary)
}

/** What happened in a run, in one line without its verdict: `25 bodies unread, blocked at request 26`. */
export function gistOf(run: ScenarioRun): string {
  const parts: string[] = []
  const [first] = run.findings
  if (run.verdict === 'clean') {
    parts.push(run.returnedToBaselineMs === null ? 'nothing left' : `back at the baseline in ${duration(run.returnedToBaselineMs)}`)
    for (const finding of run.findings) parts.push(`${finding.severity} ${finding.code} x${finding.count}`)
  } else if (first !== undefined) {
    parts.push(tell(first))
  } else {
    parts.push(oneLine(run.notes[0] ?? 'no finding'))
  }
  if (run.blockedAtRequest !== null) parts.push(`blocked at request ${run.blockedAtRequest}`)
  return parts.join(', ')
}

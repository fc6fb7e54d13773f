import type { ComparedRun, Comparison } from '../harness/model/comparison.ts'
import type { RunPlace } from '../harness/model/run-record.ts'
import { counted, duration } from './amounts.ts'
import { placeText } from './finding-text.ts'
import { columns } from './layout.ts'
import { oneLine } from './neutralise.ts'
import type { Paint } from './paint.ts'
import { runName } from './run-name.ts'

const nameOf = (run: RunPlace): string => `${runName(run)}${run.backend === null ? '' : ` on ${run.backend}`}`

const judged = ({ verdict, asExpected }: ComparedRun['now']): string => `${verdict}, ${asExpected ? 'as expected' : 'NOT as expected'}`

function changeLine({ base, now, change, newFindings }: ComparedRun, paint: Paint): string {
  const found = newFindings.map(({ code, openedAt }) => (openedAt === null ? code : `${code} at ${placeText(openedAt)}`))
  const first = `  ${paint(change === 'worse' ? 'red' : 'green', change)}  ${nameOf(now)}: ${judged(base)} -> ${judged(now)}`
  return change === 'worse' && found.length > 0 ? `${first}\n         new: ${oneLine([...new Set(found)].join(', '))}` : first
}

const latency = (ms: number | null | undefined): string => (ms == null || !Number.isFinite(ms) ? '-' : ms.toFixed(1))

const percent = (before: number | null | undefined, after: number | null | undefined): string =>
  before == null || after == null || !(before > 0) || !Number.isFinite(after)
    ? ''
    : ` (${after >= before ? '+' : ''}${Math.round((after / before - 1) * 100)} %)`

function times({ base, now }: ComparedRun): string[] {
  const back = (ms: number | null): string => (ms === null ? 'never' : duration(ms))
  const [was, is] = [base.latencyMs, now.latencyMs]
  return [
    nameOf(now),
    now.verdict,
    `${back(base.returnedToBaselineMs)} -> ${back(now.returnedToBaselineMs)}`,
    ...(['p50', 'p99'] as const).map((part) => `${latency(was?.[part])} -> ${latency(is?.[part])}${percent(was?.[part], is?.[part])}`),
  ]
}

/** What changed from an earlier record to this one: verdicts first, which decide, then times, which are told and decide nothing. */
export function comparisonText({ runs, missing, added }: Comparison, baseName: string, paint: Paint): string {
  const worse = runs.filter(({ change }) => change === 'worse')
  const better = runs.filter(({ change }) => change === 'better')
  const head = `${worse.length} of ${counted(runs.length, 'run', 'runs')} worse than in ${oneLine(baseName)}, ${better.length} better`
  const names = (places: readonly RunPlace[]): string => places.map(nameOf).join(', ')
  const parts = [paint([worse.length === 0 ? 'green' : 'red', 'bold'], head)]
  if (worse.length + better.length > 0) parts.push([...worse, ...better].map((run) => changeLine(run, paint)).join('\n'))
  if (missing.length > 0) parts.push(paint('yellow', `judged then and NOT NOW: ${names(missing)}`))
  if (added.length > 0) parts.push(`judged for the first time: ${names(added)}`)
  if (runs.length > 0) {
    const rows = columns([['run', 'verdict', 'back at the baseline', 'p50 ms', 'p99 ms'], ...runs.map(times)])
    parts.push([...rows.map((row, at) => (at === 0 ? paint('dim', row) : row)), paint('dim', 'times are told, not judged')].join('\n'))
  }
  return `${parts.join('\n\n')}\n`
}

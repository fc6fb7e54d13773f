import type { RunRecord, ScenarioRun, SkippedRun } from '../harness/model/run-record.ts'
import { counted, duration } from './amounts.ts'
import { gistOf } from './gist.ts'
import { columns, wrapped } from './layout.ts'
import { oneLine } from './neutralise.ts'
import type { Paint } from './paint.ts'
import { runName } from './run-name.ts'
import { expectationText, STYLE_OF_VERDICT } from './run-text.ts'

/** What could not run, of one backend and for one reason. */
export interface NotRun {
  /** Null: of the runs that need none. */
  readonly backend: SkippedRun['backend']
  readonly reason: string
  readonly remedy: string
  readonly skipped: readonly SkippedRun[]
  /** Runs wanted on that backend, judged or not. */
  readonly wanted: number
}

export function notRun(record: RunRecord): NotRun[] {
  const groups = new Map<string, SkippedRun[]>()
  for (const skipped of record.skipped) {
    const key = JSON.stringify([skipped.backend, skipped.reason, skipped.remedy])
    groups.set(key, [...(groups.get(key) ?? []), skipped])
  }
  return [...groups.values()].flatMap((skipped) => {
    const [first] = skipped
    if (first === undefined) return []
    const { backend, reason, remedy } = first
    const wanted = [...record.runs, ...record.skipped].filter((run) => run.backend === backend).length
    return [{ backend, reason: oneLine(reason), remedy: oneLine(remedy), skipped, wanted }]
  })
}

/** What stands before the counts of a backend. */
export const backendText = (backend: SkippedRun['backend']): string => backend ?? 'without a backend'

const notRunText = ({ backend, skipped, wanted, reason, remedy }: NotRun): string =>
  `${backendText(backend)}: ${skipped.length} of ${wanted} NOT RUN, ${reason}; remedy: ${remedy}`

/** The most important sentences: how many runs were judged as declared; per backend what was not run, why, and what to do about it. */
function headline(record: RunRecord, paint: Paint, width: number): string {
  const { runs, asExpected } = record.totals
  const isGood = runs > 0 && asExpected === runs
  const judged = runs === 0 ? 'NOTHING WAS JUDGED' : `${asExpected} of ${counted(runs, 'run', 'runs')} as expected`
  const missed = notRun(record).map((group) => paint('yellow', wrapped(notRunText(group), 2, width)))
  return [paint([isGood ? 'green' : 'red', 'bold'], judged), ...missed].join('\n')
}

/** Where nothing was declared it is the findings that say why. */
function reasonOf(run: ScenarioRun): string {
  if (run.expected === null) return gistOf(run)
  return oneLine(run.notes.join('; ')) || `expected ${expectationText(run.expected)}`
}

function table(runs: readonly ScenarioRun[], paint: Paint): string[] {
  const head = ['scenario', 'case', 'variant', 'backend', 'verdict', 'time', 'as expected']
  const rows = runs.map((run) => [
    oneLine(run.scenario),
    oneLine(run.case ?? '-'),
    run.variant ?? '-',
    run.backend ?? '-',
    run.verdict,
    duration(run.durationMs),
    run.asExpected ? 'yes' : `NO: ${reasonOf(run)}`,
  ])
  return columns([head, ...rows]).map((line, at) => {
    const run = runs[at - 1]
    if (run === undefined) return paint('dim', line)
    return run.asExpected
      ? line.replace(`  ${run.verdict}  `, `  ${paint(STYLE_OF_VERDICT[run.verdict], run.verdict)}  `)
      : paint('red', line)
  })
}

/** `article-batch-copy (leaky, fixed), undici-small-body/65536 (leaky)`, in the order they were skipped. */
export function skippedNames(skipped: readonly SkippedRun[]): string {
  const variants = new Map<string, Set<string>>()
  for (const run of skipped) {
    const name = runName({ ...run, variant: null })
    const names = variants.get(name) ?? new Set()
    variants.set(name, run.variant === null ? names : names.add(run.variant))
  }
  return [...variants].map(([name, names]) => (names.size === 0 ? name : `${name} (${[...names].join(', ')})`)).join(', ')
}

function totalsText({ totals, tool, environment }: RunRecord): string {
  const missed = totals.runs - totals.asExpected
  const counts = [counted(totals.runs, 'run', 'runs'), `${totals.asExpected} as expected`, `${missed} not`, `${totals.skipped} skipped`]
  const machine = [
    `watertight ${tool.version}`,
    `Node ${environment.node}`,
    environment.platform,
    environment.docker ? 'container engine' : 'no container engine',
  ]
  const contended = environment.contended ? '; the machine was busy with other work: times are not to be trusted' : ''
  return oneLine(`${counts.join(', ')} in ${duration(totals.wallMs)} · ${machine.join(', ')}${contended}`)
}

/** The end of a report: headline, table of all runs, names of what was not run, totals. */
export function summaryText(record: RunRecord, paint: Paint, width: number): string {
  const parts = [headline(record, paint, width)]
  if (record.runs.length > 0) parts.push(table(record.runs, paint).join('\n'))
  const names = notRun(record).map(({ backend, skipped }) =>
    wrapped(`not run ${backend === null ? backendText(backend) : `on ${backend}`}: ${skippedNames(skipped)}`, 2, width),
  )
  if (names.length > 0) parts.push(names.join('\n'))
  return [...parts, totalsText(record)].join('\n\n')
}

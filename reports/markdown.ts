import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'
import { counted, duration } from './amounts.ts'
import { placeText, proofText, requestText, why } from './finding-text.ts'
import { gistOf } from './gist.ts'
import { oneLine } from './neutralise.ts'
import { runName } from './run-name.ts'
import { expectationText } from './run-text.ts'
import { backendText, notRun } from './summary-text.ts'

/** What Markdown or a table would take for its own; HTML is no part of a text of ours. */
const MARKUP = /[\\`*_[\]<>|~&]/g
const plain = (text: string): string =>
  oneLine(text).replace(MARKUP, (character) => (character === '&' || character === '<' ? ENTITIES[character] : `\\${character}`))
const ENTITIES = { '&': '&amp;', '<': '&lt;' } as const

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function table(runs: readonly ScenarioRun[]): string {
  const cells = runs.map((run) => [
    plain(runName(run)),
    plain(run.backend ?? '-'),
    run.verdict,
    plain(gistOf(run)),
    duration(run.durationMs),
    run.asExpected ? 'yes' : '**NO**',
  ])
  const head = ['scenario', 'backend', 'verdict', 'what', 'time', 'as expected']
  return [head, head.map(() => '---'), ...cells].map(row).join('\n')
}

function findingText(run: ScenarioRun): readonly string[] {
  return run.findings.flatMap((finding) => {
    const opened = finding.openedAt === null ? '' : `, opened at ${plain(placeText(finding.openedAt))}`
    const parts = [
      `- **${finding.code}** x${finding.count} ${plain(requestText(finding))}${opened}: ${plain(finding.summary)}`,
      ...(why(finding) === '' ? [] : [`  - why: ${plain(why(finding))}`]),
      ...(finding.advice === '' ? [] : [`  - fix: ${plain(finding.advice)}`]),
    ]
    if (run.proof === null || finding !== run.findings[0]) return parts
    return [
      ...parts,
      `  - proof: ${plain(proofText(run.proof, run.blockedAtRequest, finding.code === 'UNREAD_BODY' ? 'body' : 'suspect'))}`,
    ]
  })
}

/** A run that is not as expected, in full: the others are rows of the table. */
function unexpected(run: ScenarioRun): string {
  const want = run.expected === null ? [] : [`- want: ${plain(expectationText(run.expected))}`]
  const notes = [...run.notes, ...(run.workError === null ? [] : [`the work threw ${run.workError}`])].map(
    (note) => `- note: ${plain(note)}`,
  )
  return [`### ${plain(runName(run))}: ${run.verdict}`, '', ...want, ...findingText(run), ...notes].join('\n')
}

/** A summary for a job's page or a comment: headline, a row per run, what was not run and why, and in full what is not as expected. */
export function renderMarkdown(record: RunRecord, notice: string | null = null): string {
  const { runs, totals, tool, environment } = record
  const judged = totals.runs === 0 ? 'NOTHING WAS JUDGED' : `${totals.asExpected} of ${counted(totals.runs, 'run', 'runs')} as expected`
  const missed = notRun(record).map(
    ({ backend, skipped, wanted, reason, remedy }) =>
      `- **${plain(backendText(backend))}: ${skipped.length} of ${wanted} NOT RUN**, ${plain(reason)}; remedy: ${plain(remedy)}`,
  )
  const parts = [
    `## watertight: ${judged}`,
    ...(notice === null ? [] : [`**${plain(notice)}**`]),
    ...(missed.length === 0 ? [] : [missed.join('\n')]),
    ...(runs.length === 0 ? [] : [table(runs)]),
    ...runs.filter((run) => !run.asExpected).map(unexpected),
    plain(`watertight ${tool.version}, Node ${environment.node}, ${environment.platform}, in ${duration(totals.wallMs)}`),
  ]
  return `${parts.join('\n\n')}\n`
}

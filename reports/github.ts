import type { Finding } from '../harness/model/finding.ts'
import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'
import { why } from './finding-text.ts'
import { gistOf } from './gist.ts'
import { oneLine } from './neutralise.ts'
import { runName } from './run-name.ts'
import { expectationText } from './run-text.ts'
import { backendText, notRun } from './summary-text.ts'

/** As GitHub's own toolkit escapes them (actions/toolkit, core/src/command.ts). A property also ends at a comma or a colon. */
const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const property = (text: string): string => data(oneLine(text)).replaceAll(':', '%3A').replaceAll(',', '%2C')

function annotation(
  level: 'error' | 'warning',
  properties: Readonly<Record<string, string | number | null>>,
  lines: readonly string[],
): string {
  const given = Object.entries(properties).flatMap(([name, value]) => (value === null ? [] : [`${name}=${property(String(value))}`]))
  return `::${level} ${given.join(',')}::${data(
    lines
      .filter((line) => line !== '')
      .map(oneLine)
      .join('\n'),
  )}`
}

function ofFinding(run: ScenarioRun, finding: Finding): string {
  const { openedAt: place, code, count, summary, advice } = finding
  const said = why(finding)
  return annotation(
    'error',
    { file: place?.file ?? null, line: place?.line ?? null, col: place?.column ?? null, title: `${code} x${count} in ${runName(run)}` },
    [summary, said === '' ? '' : `why: ${said}`, advice === '' ? '' : `fix: ${advice}`],
  )
}

/** Of a run as expected nothing is told: a leak that was declared is what it is there to show. */
function ofRun(run: ScenarioRun): readonly string[] {
  if (run.asExpected) return []
  const what = annotation('error', { title: `${runName(run)}: ${run.verdict}` }, [
    gistOf(run),
    run.expected === null ? '' : `want: ${expectationText(run.expected)}`,
    ...run.notes,
  ])
  return run.findings.length === 0 ? [what] : run.findings.map((finding) => ofFinding(run, finding))
}

/** GitHub's workflow commands: an error at the line that leaked, a warning for what was not run. */
export function renderGithub(record: RunRecord): string {
  const missed = notRun(record).map(({ backend, skipped, wanted, reason, remedy }) =>
    annotation('warning', { title: `${backendText(backend)}: ${skipped.length} of ${wanted} NOT RUN` }, [reason, `remedy: ${remedy}`]),
  )
  const lines = [...record.runs.flatMap(ofRun), ...missed]
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

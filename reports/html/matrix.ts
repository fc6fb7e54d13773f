import { html, type SafeHtml } from '@remix-run/html-template'
import type { RunRecord, ScenarioRun, SkippedRun, VariantName } from '../../harness/model/run-record.ts'
import { oneLine } from '../neutralise.ts'
import { runName } from '../run-name.ts'
import { badge, shape, WORD_OF_MARK } from './marks.ts'
import { runId } from './run-section.ts'

const VARIANTS = ['leaky', 'fixed', null] as const satisfies readonly (VariantName | null)[]

interface Row {
  readonly scenario: string
  readonly case: string | null
}

interface Column {
  /** Null: scenarios that need no backend. */
  readonly backend: ScenarioRun['backend']
  /** Null: a program that exec ran. */
  readonly variant: VariantName | null
}

const keyOf = (parts: readonly (string | null)[]): string => JSON.stringify(parts)

function rowsOf(record: RunRecord): readonly Row[] {
  const rows = new Map<string, Row>()
  for (const run of [...record.runs, ...record.skipped]) {
    rows.set(keyOf([run.scenario, run.case]), { scenario: run.scenario, case: run.case })
  }
  return [...rows.values()]
}

function columnsOf(record: RunRecord): readonly Column[] {
  const all = [...record.runs, ...record.skipped]
  const backends = [...new Set(all.map((run) => run.backend))]
  return backends.flatMap((backend) =>
    VARIANTS.filter((variant) => all.some((run) => run.backend === backend && run.variant === variant)).map((variant) => ({
      backend,
      variant,
    })),
  )
}

function judgedCell(run: ScenarioRun, at: number): SafeHtml {
  const judged = run.asExpected ? 'as-expected' : 'unexpected'
  return html`<td class="${judged}"><a href="#${runId(at)}">${badge(run.verdict)}<span class="unseen"> ${runName(run)}${run.backend === null ? '' : ` on ${run.backend}`}, </span><span class="judged">${shape(judged)}<span class="words">${WORD_OF_MARK[judged]}</span></span></a></td>`
}

function cell(record: RunRecord, row: Row, column: Column): SafeHtml {
  const isHere = (run: ScenarioRun | SkippedRun): boolean =>
    run.scenario === row.scenario && run.case === row.case && run.variant === column.variant && run.backend === column.backend
  const at = record.runs.findIndex(isHere)
  const run = record.runs[at]
  if (run !== undefined) return judgedCell(run, at)
  const skipped = record.skipped.find(isHere)
  if (skipped !== undefined)
    return html`<td class="not-run"><a href="#not-run">${badge('not-run')}<span class="unseen">: ${oneLine(skipped.reason)}</span></a></td>`
  return html`<td class="muted"><span aria-hidden="true">–</span><span class="unseen">not part of this run</span></td>`
}

/** Scenario by backend and variant, each cell a verdict that leads to its run. */
export function matrix(record: RunRecord): SafeHtml {
  const columns = columnsOf(record)
  const backends = [...new Set(columns.map(({ backend }) => backend))]
  const row = (each: Row): SafeHtml =>
    html`<tr><th scope="row">${oneLine(each.scenario)}${each.case === null ? null : html`<span class="case">${oneLine(each.case)}</span>`}</th>${columns.map((column) => cell(record, each, column))}</tr>`
  return html`<section aria-labelledby="matrix"><h2 id="matrix">Scenarios</h2>
<div class="scroll panel" role="group" aria-labelledby="matrix" tabindex="0"><table class="matrix">
<thead><tr><th scope="col" rowspan="2">scenario</th>${backends.map((backend) => html`<th scope="colgroup" colspan="${columns.filter((column) => column.backend === backend).length}">${backend ?? 'no backend'}</th>`)}</tr>
<tr>${columns.map(({ variant }) => html`<th scope="col">${variant ?? 'exec'}</th>`)}</tr></thead>
<tbody>${rowsOf(record).map(row)}</tbody></table></div></section>`
}

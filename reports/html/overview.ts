import { html, type SafeHtml } from '@remix-run/html-template'
import { VERDICTS } from '../../harness/model/diagnosis.ts'
import type { RunRecord } from '../../harness/model/run-record.ts'
import { counted, duration } from '../amounts.ts'
import { oneLine } from '../neutralise.ts'
import { backendText, notRun, skippedNames } from '../summary-text.ts'
import { badge, shape } from './marks.ts'

/** The outcome in one sentence, for the title too. */
export function outcome({ totals }: RunRecord): string {
  return totals.runs === 0 ? 'Nothing was judged' : `${totals.asExpected} of ${counted(totals.runs, 'run', 'runs')} as expected`
}

export function isGood({ totals }: RunRecord): boolean {
  return totals.runs > 0 && totals.asExpected === totals.runs
}

/** Verdict at a glance: the outcome, what is missing from it, and how often each verdict was given. */
export function overview(record: RunRecord, notice: string | null): SafeHtml {
  const { runs, skipped, totals, environment } = record
  const isFine = isGood(record)
  const tally = VERDICTS.map((verdict) => [verdict, runs.filter((run) => run.verdict === verdict).length] as const)
  const missed = notRun(record)
  const odd = runs.filter((run) => !run.asExpected).length
  return html`<section class="overview ${isFine ? 'good' : 'bad'}" aria-labelledby="outcome">
<h2 id="outcome">${shape(isFine ? 'as-expected' : 'unexpected')}<span>${outcome(record)}</span></h2>
${notice === null ? null : html`<p class="notice">${oneLine(notice)}</p>`}
${odd === 0 ? null : html`<p><strong>${counted(odd, 'run is', 'runs are')} NOT as expected.</strong></p>`}
${missed.map(({ backend, reason, skipped: some, wanted }) => html`<p><a href="#not-run">${backendText(backend)}: ${some.length} of ${wanted} NOT RUN</a>, ${reason}</p>`)}
<ul class="tally">${tally.map(([verdict, count]) => html`<li>${badge(verdict)} <strong>${count}</strong></li>`)}<li>${badge('not-run')} <strong>${skipped.length}</strong></li></ul>
<p class="muted">in ${duration(totals.wallMs)}${environment.contended ? '; the machine was busy with other work: times are not to be trusted' : ''}. A leaky variant that leaks as declared is as expected.</p>
</section>`
}

/** What could not run, why, and what to do about it. */
export function notRunSection(record: RunRecord): SafeHtml | null {
  const groups = notRun(record)
  if (groups.length === 0) return null
  return html`<section aria-labelledby="not-run"><h2 id="not-run">Not run</h2>
<ul class="missed">${groups.map(
    ({
      backend,
      skipped,
      wanted,
      reason,
      remedy,
    }) => html`<li class="panel"><h3>${badge('not-run')} ${backendText(backend)}: ${skipped.length} of ${wanted}</h3>
<dl class="remedy"><div><dt>Reason</dt><dd>${reason}</dd></div><div><dt>Remedy</dt><dd>${remedy}</dd></div><div><dt>Runs</dt><dd>${skippedNames(skipped)}</dd></div></dl></li>`,
  )}</ul></section>`
}

export function environmentSection({ tool, environment, totals }: RunRecord): SafeHtml {
  const rows = [
    ['watertight', tool.version],
    ['Node.js', environment.node],
    ['platform', environment.platform],
    ['container engine', environment.docker ? 'answers' : 'none'],
    ['machine', environment.contended ? 'busy with other work at the start' : 'quiet at the start'],
    ['took', duration(totals.wallMs)],
  ] as const
  return html`<section aria-labelledby="environment"><h2 id="environment">Environment</h2>
<dl class="facts panel">${rows.map(([term, said]) => html`<div><dt>${term}</dt><dd>${oneLine(said)}</dd></div>`)}</dl></section>`
}

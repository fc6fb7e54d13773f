import { html, type SafeHtml } from '@remix-run/html-template'
import type { ScenarioRun } from '../../harness/model/run-record.ts'
import { duration } from '../amounts.ts'
import { CHART_SIZES, chart, isSampled } from './chart.ts'
import { GAUGES, type Gauge, type Story, storyOf } from './series.ts'

const count = (value: number | null): string => (value === null ? '–' : String(value))

/** What each line is: its stroke, its name, and its three counts. */
function legend(run: ScenarioRun, story: Story): SafeHtml {
  const entry = (gauge: Gauge): SafeHtml => {
    const stroke = isSampled(story, gauge)
      ? html`<path class="series ${gauge}" d="M1 7H27"/>`
      : html`<path class="point ${gauge}" d="M14 2l5 5-5 5-5-5z"/>`
    return html`<li><svg class="swatch" viewBox="0 0 28 14" aria-hidden="true" focusable="false">${stroke}</svg> ${gauge}${isSampled(story, gauge) ? '' : ' (counted at baseline and recount)'}</li>`
  }
  const known = GAUGES.filter((gauge) => isSampled(story, gauge) || run.baseline[gauge] !== null || run.recount[gauge] !== null)
  return html`<ul class="legend">${known.map(entry)}<li><svg class="swatch" viewBox="0 0 28 14" aria-hidden="true" focusable="false"><path class="baseline" d="M1 7H27"/></svg> baseline</li></ul>`
}

/** The deadline in words where it lies beyond the chart. */
function deadlineText(run: ScenarioRun, story: Story): string {
  if (story.deadlineAtMs !== null) return `The deadline is ${duration(run.deadlineMs)} after the work.`
  const why = run.findings.some(({ code }) => code === 'WORK_HUNG')
    ? 'not waited for, because the work hung'
    : run.returnedToBaselineMs === null
      ? 'beyond this chart'
      : 'far beyond this chart'
  return `The deadline, ${duration(run.deadlineMs)} after the work, is ${why}.`
}

function readingsTable(story: Story): SafeHtml {
  const gauges = GAUGES.filter((gauge) => isSampled(story, gauge))
  return html`<details class="more"><summary>The chart as a table</summary>
<div class="scroll" role="group" aria-label="Readings" tabindex="0"><table>
<thead><tr><th scope="col">time</th>${gauges.map((gauge) => html`<th scope="col" class="number">${gauge}</th>`)}</tr></thead>
<tbody>${story.readings.map((reading) => html`<tr><th scope="row">${(reading.tMs / 1000).toFixed(2)} s</th>${gauges.map((gauge) => html`<td class="number">${count(reading[gauge])}</td>`)}</tr>`)}</tbody>
</table></div></details>`
}

/** The chart of a run with its legend and, for those who do not see it, its table. */
export function timelineFigure(run: ScenarioRun): SafeHtml {
  const story = storyOf(run)
  if (story === null) return html`<p class="muted">Nothing was sampled over time.</p>`
  return html`<figure class="timeline">
${CHART_SIZES.map((size) => chart(run, story, size))}
<figcaption>${legend(run, story)}<p class="muted">${deadlineText(run, story)}</p></figcaption>
${readingsTable(story)}
</figure>`
}

import { html, type SafeHtml } from '@remix-run/html-template'
import type { ScenarioRun } from '../../harness/model/run-record.ts'
import { gistOf } from '../gist.ts'
import { oneLine, severalLines } from '../neutralise.ts'
import { runName } from '../run-name.ts'
import { expectationText } from '../run-text.ts'
import { type FindingOptions, findingSection } from './finding-section.ts'
import { lifelinesFigure } from './lifelines.ts'
import { badge, shape, WORD_OF_MARK } from './marks.ts'
import { numbers } from './numbers.ts'
import { timelineFigure } from './timeline.ts'

export interface RunSectionOptions extends FindingOptions {
  /** Of this run in the record; what the matrix links to. */
  readonly at: number
  readonly isOpen: boolean
}

export const runId = (at: number): string => `run-${at + 1}`

/** What a shell takes as one word. */
const shellWord = (text: string): string => (/^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** How to have this run again, alone; a program that exec ran is not ours to start. */
function again(run: ScenarioRun): SafeHtml | null {
  if (run.variant === null) return null
  // where a URL stood in for a backend the record does not say which
  const backend = run.backend === null || run.backend === 'url' ? '' : ` --backend ${run.backend}`
  const command = `npx watertight run ${shellWord(oneLine(run.scenario))} --variant ${run.variant}${backend}`
  return html`<p class="again"><span class="muted">Run it again:</span> <code>${command}</code></p>`
}

function surprise(run: ScenarioRun): SafeHtml | null {
  if (run.asExpected) return null
  return html`<p class="surprise">${shape('unexpected')} <strong>NOT as expected.</strong> Declared: ${oneLine(expectationText(run.expected))}. Judged: ${run.verdict}.</p>`
}

function remarks(run: ScenarioRun): SafeHtml {
  const notes =
    run.notes.length === 0 ? null : html`<h4>Notes</h4><ul class="notes">${run.notes.map((note) => html`<li>${oneLine(note)}</li>`)}</ul>`
  const measured =
    run.measured.length === 0
      ? null
      : html`<h4>What the work measured</h4><pre class="scroll" role="group" aria-label="What the work measured" tabindex="0">${severalLines(run.measured.join('\n'))}</pre>`
  const threw =
    run.workError === null
      ? null
      : html`<h4>What the work threw</h4><pre class="scroll" role="group" aria-label="What the work threw" tabindex="0">${severalLines(run.workError)}</pre>`
  return html`${measured}${notes}${threw}`
}

function findings(run: ScenarioRun, options: RunSectionOptions): readonly SafeHtml[] {
  const framed = new Set<string>()
  return run.findings.map((finding) => {
    const place = finding.openedAt === null ? null : `${finding.openedAt.file}:${finding.openedAt.line}`
    const isFramed = place !== null && framed.has(place)
    if (place !== null) framed.add(place)
    return findingSection(finding, run, isFramed, options)
  })
}

/** One run: its head always, the rest on demand. */
export function runSection(run: ScenarioRun, options: RunSectionOptions): SafeHtml {
  const id = runId(options.at)
  const judged = run.asExpected ? 'as-expected' : 'unexpected'
  const said = [...findings(run, options)]
  return html`<li class="run" data-verdict="${run.verdict}" data-scenario="${oneLine(run.scenario)}" data-backend="${run.backend ?? ''}" data-judged="${judged}">
<details${options.isOpen ? html` open` : null}>
<summary><h3>${badge(run.verdict)} <span class="name">${runName(run)}</span></h3>
<span class="gist">${gistOf(run)}</span>
<span class="where">${run.backend === null ? null : html`on ${run.backend}, `}<span class="${judged}">${shape(judged)}${WORD_OF_MARK[judged]}</span></span></summary>
<div class="body${said.length === 0 ? ' calm' : ''}" id="${id}">
<div class="told">${surprise(run)}${said.length === 0 ? html`<p class="what">${run.verdict === 'clean' ? 'Nothing is left' : 'Nothing was found'}: ${gistOf(run)}.</p>` : said}${remarks(run)}
${again(run)}</div>
<div class="seen">${timelineFigure(run)}${lifelinesFigure(run)}${numbers(run)}</div>
</div>
</details></li>`
}

import { createHash } from 'node:crypto'
import { html, type SafeHtml } from '@remix-run/html-template'
import type { RunRecord, ScenarioRun } from '../../harness/model/run-record.ts'
import { oneLine } from '../neutralise.ts'
import { filterForm } from './filter.ts'
import { MARK_SHAPES } from './marks.ts'
import { matrix } from './matrix.ts'
import { environmentSection, notRunSection, outcome, overview } from './overview.ts'
import { runSection } from './run-section.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style/style.ts'

export interface HtmlOptions {
  /** Source of a file as a Place names it; null when it cannot be read. */
  readonly readSource: (file: string) => string | null
  /** Something about the whole run to say before everything else, for example that it was interrupted; null or absent: nothing. */
  readonly notice?: string | null
}

/** So few runs are all shown open. */
const FEW_RUNS = 4

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Nothing is loaded, sent or embedded; only this very script and this very style apply, so that markup from outside that got in could do nothing. */
const POLICY = [
  "default-src 'none'",
  `script-src ${hashOf(SCRIPT)}`,
  `style-src ${hashOf(STYLE)}`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** What is not as expected comes first, then what is not clean; each keeps its place in the record as its name. */
function ordered(runs: readonly ScenarioRun[]): readonly (readonly [ScenarioRun, number])[] {
  const rank = (run: ScenarioRun): number => (run.asExpected ? (run.verdict === 'clean' ? 2 : 1) : 0)
  return runs.map((run, at) => [run, at] as const).sort(([a, i], [b, j]) => rank(a) - rank(b) || i - j)
}

function runsSection(record: RunRecord, { readSource }: HtmlOptions): SafeHtml | null {
  if (record.runs.length === 0) return null
  const isFew = record.runs.length <= FEW_RUNS
  return html`<section aria-labelledby="runs"><h2 id="runs">Runs</h2>
${filterForm(record)}
<ul class="runs">${ordered(record.runs).map(([run, at]) => runSection(run, { at, isOpen: isFew || !run.asExpected, readSource }))}</ul></section>`
}

/** One page with everything in it: no network, no other file, readable without script. The same record and sources give the same page. */
export function renderHtml(record: RunRecord, options: HtmlOptions): string {
  return String(html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${outcome(record)} · watertight</title>
<link rel="icon" href="data:,">
<style>${html.raw`${STYLE}`}</style></head>
<body>
<a class="skip" href="#main">Skip to the outcome</a>
${MARK_SHAPES}
<header class="top"><h1>watertight <span>what is still open that should not be</span></h1>
<button type="button" id="theme" aria-pressed="false" hidden>Dark</button></header>
<main id="main" tabindex="-1">
${overview(record, options.notice ?? null)}
${record.runs.length + record.skipped.length === 0 ? null : matrix(record)}
${notRunSection(record)}
${runsSection(record, options)}
${environmentSection(record)}
</main>
<footer class="muted">watertight ${oneLine(record.tool.version)} · ${oneLine(record.schema)}</footer>
<script>${html.raw`${SCRIPT}`}</script>
</body></html>
`)
}

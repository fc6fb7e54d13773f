/** Page, overview, matrix, filter: from a phone's 360 px up. */
export const LAYOUT = `
*, ::before, ::after { box-sizing: border-box; }
html { scroll-padding-top: .75rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
[hidden] { display: none !important; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .875em; }
code { overflow-wrap: anywhere; }
h1, h2, h3, h4, p, dl, dd, ul, figure { margin: 0; }
ul { padding: 0; list-style: none; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
.muted { color: var(--muted); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.shapes { position: absolute; }
.skip { position: absolute; left: 1rem; top: -4rem; background: var(--panel); padding: .5rem 1rem; z-index: 1; }
.skip:focus { top: .5rem; }
.top, main, footer { max-width: 80rem; margin: 0 auto; padding: 0 1rem; }
.top { display: flex; align-items: center; justify-content: space-between; gap: 1rem; padding-top: 1rem; padding-bottom: .75rem; }
h1 { font-size: 1.25rem; letter-spacing: -.01em; line-height: 1.2; }
h1 span { display: block; font-size: .875rem; font-weight: 400; letter-spacing: 0; color: var(--muted); }
main { display: grid; grid-template-columns: minmax(0, 1fr); gap: 2rem; }
h2 { font-size: 1.125rem; margin-bottom: .625rem; }
footer { padding-top: 2rem; padding-bottom: 2rem; font-size: .875rem; }
.panel { background: var(--panel); border: 1px solid var(--edge); border-radius: 10px; }
.scroll { overflow-x: auto; position: relative; }
button, select { font: inherit; font-size: .9375rem; color: var(--text); background: var(--panel); border: 1px solid var(--edge-strong); border-radius: 6px; padding: .375rem .625rem; min-height: 2.5rem; }
button { cursor: pointer; }
button:hover, select:hover { border-color: var(--text); }
button[aria-pressed="true"] { background: var(--text); color: var(--panel); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: start; font-weight: 600; }
td, th { vertical-align: top; }
.number { text-align: end; }

.mark { width: 1em; height: 1em; flex: none; vertical-align: -.125em; overflow: visible; }
.line { fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; }
.fill { fill: currentColor; }
.dashed { stroke-dasharray: 2.6 2.6; }
.badge { display: inline-flex; align-items: center; gap: .375em; padding: .0625em .5em; border-radius: 99px; font-size: .875rem; font-weight: 600; line-height: 1.5; white-space: nowrap; }
.badge.clean { color: var(--clean); background: var(--clean-ground); }
.badge.leaked { color: var(--leaked); background: var(--leaked-ground); }
.badge.misconfigured { color: var(--misconfigured); background: var(--misconfigured-ground); }
.badge.inconclusive { color: var(--inconclusive); background: var(--inconclusive-ground); }
.badge.not-run { color: var(--not-run); background: var(--not-run-ground); }

.overview { background: var(--panel); border: 1px solid var(--edge); border-inline-start: 6px solid var(--clean); border-radius: 10px; padding: 1rem 1.25rem; display: grid; gap: .5rem; }
.overview.bad { border-inline-start-color: var(--leaked); }
.overview h2 { font-size: clamp(1.375rem, 5vw, 1.875rem); line-height: 1.2; margin: 0; display: flex; align-items: center; gap: .5rem; color: var(--clean); letter-spacing: -.015em; }
.overview.bad h2 { color: var(--leaked); }
.notice { font-weight: 600; color: var(--misconfigured); }
.tally { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; margin: .25rem 0; }
.tally strong { font-variant-numeric: tabular-nums; }

.matrix { width: 100%; }
.matrix th, .matrix td { padding: .5rem .75rem; border-top: 1px solid var(--edge); }
.matrix thead tr:first-child > th { border-top: 0; }
.matrix thead th { font-size: .875rem; color: var(--muted); font-weight: 600; vertical-align: bottom; }
.matrix tbody th { font-weight: 600; overflow-wrap: anywhere; min-width: 7.5rem; line-height: 1.35; }
.matrix tbody tr:hover { background: var(--sunk); }
.matrix .case { display: block; font-weight: 400; font-size: .875rem; color: var(--muted); }
.matrix a { color: inherit; text-decoration: none; display: inline-flex; flex-wrap: wrap; gap: .125rem .5rem; align-items: center; border-radius: 6px; }
.matrix a:hover .badge { outline: 2px solid currentColor; }
.matrix .judged { font-size: .8125rem; color: var(--muted); display: inline-flex; align-items: center; gap: .3em; }
.matrix td.unexpected { background: var(--leaked-ground); box-shadow: inset 0 0 0 2px var(--leaked); }
.matrix td.unexpected .judged { color: var(--leaked); font-weight: 700; }
.matrix td.unexpected .badge { background: var(--panel); }

.missed { display: grid; gap: .75rem; }
.missed > li { padding: .875rem 1.25rem; display: grid; gap: .5rem; }
.missed h3 { font-size: 1rem; }

.filter { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; margin-bottom: .5rem; }
.filter label { display: grid; font-size: .875rem; color: var(--muted); min-width: 0; }
.filter select { max-width: 100%; }
.filter .check { display: flex; align-items: center; gap: .375rem; min-height: 2.5rem; color: var(--text); }
.filter input { width: 1.125rem; height: 1.125rem; margin: 0; accent-color: var(--accent); }
.buttons { display: flex; flex-wrap: wrap; gap: .5rem; }
#shown { font-size: .875rem; margin-bottom: .5rem; }

@media (max-width: 40rem) {
  .matrix th, .matrix td { padding: .5rem; }
  .matrix thead th:first-child, .matrix tbody th { padding-inline-start: .75rem; }
  .badge { font-size: .8125rem; }
  .matrix tbody th { min-width: 7rem; }
  .matrix tbody th, .matrix thead tr:first-child > th:first-child { position: sticky; inset-inline-start: 0; background: var(--panel); }
  .matrix tbody th { font-size: .9375rem; }
  .matrix td.as-expected a { flex-wrap: nowrap; gap: .375rem; }
  .matrix td.as-expected .words { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .filter label:not(.check) { flex: 1 1 9rem; }
  .filter select { width: 100%; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  .filter, #theme, .skip { display: none !important; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
}
`

/** One run: its head, findings, numbers. */
export const RUN_STYLE = `
.runs { display: grid; grid-template-columns: minmax(0, 1fr); gap: .625rem; }
.run > details { background: var(--panel); border: 1px solid var(--edge); border-radius: 10px; }
.run[data-judged="unexpected"] > details { border: 2px solid var(--leaked); }
.run summary { cursor: pointer; }
.run > details > summary { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .125rem 1rem; padding: .625rem 2.75rem .625rem 1rem; list-style: none; position: relative; border-radius: 9px; }
.run > details > summary::-webkit-details-marker { display: none; }
.run > details > summary::after { content: ""; position: absolute; inset-inline-end: 1.125rem; top: 1.0625rem; width: .5rem; height: .5rem; border: solid var(--muted); border-width: 0 2px 2px 0; transform: rotate(45deg); }
.run > details[open] > summary::after { transform: translateY(4px) rotate(225deg); }
.run > details > summary:hover { background: var(--sunk); }
.run h3 { font-size: 1rem; line-height: 1.5; overflow-wrap: anywhere; }
.run h3 .badge { margin-inline-end: .25rem; vertical-align: .0625em; }
.run .gist { grid-column: 1; color: var(--muted); }
.run .where { grid-column: 2; grid-row: 1; font-size: .875rem; color: var(--muted); white-space: nowrap; }
.run .where .mark { margin-inline-end: .25em; }
.run .where .unexpected { color: var(--leaked); font-weight: 700; }
.body { border-top: 1px solid var(--edge); padding: 1rem; display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.5rem; scroll-margin-top: 6rem; }
.told { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; align-content: start; }
.seen { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.25rem; align-content: start; }
.surprise { color: var(--leaked); background: var(--leaked-ground); padding: .5rem .75rem; border-radius: 6px; }
.told h4 { font-size: .9375rem; }
.notes { padding-inline-start: 1.25rem; list-style: disc; }
.again { font-size: .875rem; }

.finding { border-inline-start: 4px solid var(--edge-strong); padding-inline-start: .875rem; display: grid; grid-template-columns: minmax(0, 1fr); gap: .5rem; }
.finding.leak { border-color: var(--leaked); }
.finding.starvation, .finding.misconfiguration { border-color: var(--misconfigured); }
.finding h4 { display: flex; flex-wrap: wrap; align-items: baseline; gap: .125rem .5rem; font-size: 1rem; }
.finding h4 code { font-size: 1em; }
.times { font-variant-numeric: tabular-nums; }
.severity { font-size: .8125rem; font-weight: 400; color: var(--muted); border: 1px solid var(--edge-strong); border-radius: 99px; padding: 0 .5em; }
.what { font-weight: 600; }
.place, .request { font-weight: 600; }
pre { margin: 0; padding: .625rem .75rem; background: var(--sunk); border: 1px solid var(--edge); border-radius: 6px; line-height: 1.55; }
pre code { font-size: 1em; overflow-wrap: normal; display: block; min-width: max-content; }
.meant { background: var(--meant); display: inline-block; min-width: 100%; }
caption { text-align: start; font-size: .8125rem; font-weight: 600; color: var(--muted); padding-bottom: .25rem; }
.evidence { width: 100%; }
.evidence th, .evidence td { padding: .25rem .75rem .25rem 0; border-top: 1px solid var(--edge); font-size: .9375rem; }
.evidence thead th, .evidence thead td { border: 0; padding: 0; }
.evidence th { width: 10.5rem; font-weight: 400; color: var(--muted); }
.said { display: block; overflow-wrap: anywhere; }
.remedy { display: grid; gap: .375rem; }
.remedy > div { display: grid; grid-template-columns: 4.5rem minmax(0, 1fr); gap: .5rem; }
.remedy dt { font-weight: 600; }
.remedy dd { overflow-wrap: anywhere; }
.proof dt, .proof dd { color: var(--clean); font-weight: 600; }

.numbers { display: grid; gap: 1.25rem; }
.counts, .latency { width: 100%; }
.counts th, .counts td, .latency th, .latency td { padding: .1875rem 0 .1875rem .75rem; border-top: 1px solid var(--edge); font-size: .9375rem; }
.counts th:first-child, .latency th:first-child { padding-inline-start: 0; font-weight: 400; }
.counts thead th, .counts thead td { border: 0; font-size: .8125rem; color: var(--muted); font-weight: 400; }
.counts .state th { font-size: .8125rem; color: var(--muted); padding-inline-start: .75rem; }
.latency .number { white-space: nowrap; width: 5rem; }
.latency th { width: 4.5rem; }
.latency thead th, .latency thead td { border: 0; }
.bar { width: 100%; height: .625rem; display: block; margin-top: .4375rem; }
.bar rect { fill: var(--sockets); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: .25rem 1.5rem; font-size: .9375rem; }
.facts.panel { grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); padding: .875rem 1.25rem; }
.facts > div { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: .5rem; }
.facts.panel > div { grid-template-columns: 8.5rem minmax(0, 1fr); }
.numbers .facts > div:first-child { grid-column: 1 / -1; }
.facts dt { color: var(--muted); }
.facts dd { overflow-wrap: anywhere; }

@media (max-width: 40rem) {
  .run > details > summary { grid-template-columns: minmax(0, 1fr); }
  .run .where { grid-column: 1; grid-row: auto; }
  .body { padding: .875rem .75rem; }
  .finding { padding-inline-start: .625rem; }
  .evidence th { width: 6.5rem; }
  .remedy > div { grid-template-columns: minmax(0, 1fr); gap: 0; }
}
@media (min-width: 64rem) {
  .body { grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); padding: 1.25rem; gap: 2.25rem; }
  .body.calm { grid-template-columns: minmax(0, 1fr); gap: 1rem; }
  .calm .seen { grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); gap: 2.25rem; }
}
`

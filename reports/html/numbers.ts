import { html, type SafeHtml } from '@remix-run/html-template'
import type { ScenarioRun } from '../../harness/model/run-record.ts'
import { duration } from '../amounts.ts'
import { oneLine } from '../neutralise.ts'
import { expectationText } from '../run-text.ts'
import { GAUGES } from './series.ts'

type Row = readonly [term: string, said: string | SafeHtml | null]

const known = (count: number | null | undefined): string => (count == null ? '–' : String(count))

/** `1.2 ms`, `12 ms`, `1.3 s`: a latency below 10 ms is worth a decimal. */
const latency = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : duration(ms))

/** Sockets, handles, descriptors, and sockets by TCP state: baseline, peak, recount. */
function counts(run: ScenarioRun): SafeHtml {
  const censuses = [run.baseline, run.peak, run.recount]
  const states = [...new Set(censuses.flatMap((census) => Object.keys(census.byState)))].sort()
  const cells = (values: readonly (number | null | undefined)[]): SafeHtml[] =>
    values.map((value) => html`<td class="number">${known(value)}</td>`)
  return html`<table class="counts"><caption>Counted</caption>
<thead><tr><td></td><th scope="col" class="number">baseline</th><th scope="col" class="number">peak</th><th scope="col" class="number">recount</th></tr></thead>
<tbody>${GAUGES.map((gauge) => html`<tr><th scope="row">${gauge}</th>${cells(censuses.map((census) => census[gauge]))}</tr>`)}${states.map(
    (state) =>
      html`<tr class="state"><th scope="row">${oneLine(state)}</th>${cells(censuses.map((census) => census.byState[state] ?? 0))}</tr>`,
  )}</tbody></table>`
}

/** Whether slow answers also stand for the requests they held up. */
function omissionText({ latencyMs }: ScenarioRun): string {
  const every = latencyMs?.expectedIntervalMs ?? null
  if (every === null) return "the work's own, as they were"
  return `corrected for coordinated omission: one request was due every ${latency(every)} on a connection`
}

/** Percentiles with a bar each, as long as their share of the slowest. */
function latencies(run: ScenarioRun): SafeHtml | null {
  const { latencyMs } = run
  if (latencyMs === null) return null
  const rows = [
    ['p50', latencyMs.p50],
    ['p90', latencyMs.p90],
    ['p99', latencyMs.p99],
    ['slowest', latencyMs.max],
  ] as const
  const longest = Math.max(...rows.map(([, ms]) => (Number.isFinite(ms) ? ms : 0)), Number.MIN_VALUE)
  const bar = (ms: number): SafeHtml =>
    html`<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect width="${Math.max(0.5, Math.round((ms / longest) * 1000) / 10)}" height="8"/></svg>`
  return html`<table class="latency"><caption>Latency of answered requests, ${omissionText(run)}</caption>
<thead class="unseen"><tr><th scope="col">percentile</th><th scope="col">time</th><td></td></tr></thead>
<tbody>${rows.map(([name, ms]) => html`<tr><th scope="row">${name}</th><td class="number">${Number.isFinite(ms) ? latency(ms) : '–'}</td><td class="bar-cell">${Number.isFinite(ms) ? bar(ms) : null}</td></tr>`)}</tbody></table>`
}

/** Answers per second of the work; null where the work hung, because then the time says how long we watched and not how long it took. */
function throughput(run: ScenarioRun): string | null {
  const { workStartedAtMs, workEndedAtMs } = run.timeline
  if (workStartedAtMs === null || workEndedAtMs === null || run.findings.some(({ code }) => code === 'WORK_HUNG')) return null
  const workMs = workEndedAtMs - workStartedAtMs
  // below 50 ms a rate is an accident of the clock
  if (workMs < 50 || run.requests.ok === 0) return null
  return `${Math.round((run.requests.ok / workMs) * 1000)} answered per second`
}

function facts(run: ScenarioRun): SafeHtml {
  const { requests, timeline } = run
  const workMs =
    timeline.workStartedAtMs === null || timeline.workEndedAtMs === null ? null : timeline.workEndedAtMs - timeline.workStartedAtMs
  const perRequest = requests.sent === 0 ? '' : `, ${(run.connectionsOpened / requests.sent).toFixed(2)} per request`
  const rows: readonly Row[] = [
    ['declared', oneLine(expectationText(run.expected))],
    ['layer, client', oneLine(`${run.layer}, ${run.client}`)],
    ['limits', run.profile === null ? null : oneLine(run.profile)],
    ['requests', `${requests.sent} sent, ${requests.ok} ok, ${requests.failed} failed`],
    ['throughput', throughput(run)],
    ['blocked', run.blockedAtRequest === null ? null : `at request ${run.blockedAtRequest}`],
    ['connections', `${run.connectionsOpened} opened${perRequest}`],
    ['work', workMs === null ? null : duration(workMs)],
    ['baseline', run.returnedToBaselineMs === null ? 'never back' : `back after ${duration(run.returnedToBaselineMs)}`],
    ['deadline', `${duration(run.deadlineMs)} after the work`],
    ['whole run', duration(run.durationMs)],
  ]
  const shown = rows.filter(([, said]) => said !== null)
  return html`<dl class="facts">${shown.map(([term, said]) => html`<div><dt>${term}</dt><dd>${said}</dd></div>`)}</dl>`
}

/** All that was counted and timed in a run. */
export function numbers(run: ScenarioRun): SafeHtml {
  return html`<div class="numbers">${counts(run)}${latencies(run)}${facts(run)}</div>`
}

import { html, type SafeHtml } from '@remix-run/html-template'
import { scaleLinear } from 'd3-scale'
import { curveStepAfter, line } from 'd3-shape'
import type { ScenarioRun } from '../../harness/model/run-record.ts'
import { duration } from '../amounts.ts'
import { GAUGES, type Gauge, type Reading, type Story } from './series.ts'

export interface ChartSize {
  readonly name: 'wide' | 'narrow'
  readonly width: number
  readonly height: number
}

/** Drawn twice, so that letters keep their size on a phone; the style sheet shows one. */
export const CHART_SIZES: readonly ChartSize[] = [
  { name: 'wide', width: 560, height: 270 },
  { name: 'narrow', width: 300, height: 230 },
]

const MARGIN = { top: 34, right: 34, bottom: 38, left: 34 }
/** A letter of the chart's font, about; labels are placed by it because nobody measures text here. */
const LETTER_WIDTH = 6.2

const rounded = (value: number): number => Math.round(value * 10) / 10

/** `2.5` for ticks of half seconds; the axis says the unit. */
function secondsText(ms: number, stepMs: number): string {
  return (ms / 1000).toFixed(stepMs % 1000 === 0 ? 0 : stepMs % 100 === 0 ? 1 : 2)
}

type Scale = (value: number) => number

/** A label that stays inside the chart: right of its line where there is room, else left. */
function lineLabel(text: string, x: number, y: number, rightEdge: number, kind: string): SafeHtml {
  const isLeft = x + 4 + text.length * LETTER_WIDTH > rightEdge + MARGIN.right - 2
  return html`<text class="label ${kind}" x="${rounded(isLeft ? x - 4 : x + 4)}" y="${y}" text-anchor="${isLeft ? 'end' : 'start'}">${text}</text>`
}

function seriesPath(readings: readonly Reading[], gauge: Gauge, x: Scale, y: Scale): SafeHtml | null {
  const path = line<Reading>()
    .defined((reading) => reading[gauge] !== null)
    .x((reading) => rounded(x(reading.tMs)))
    .y((reading) => rounded(y(reading[gauge] ?? 0)))
    .curve(curveStepAfter)(readings)
  return path === null || path === '' ? null : html`<path class="series ${gauge}" d="${path}"/>`
}

/** Handles are counted at the baseline and the recount only: two points, and no line that would claim to know what was between. */
function points(run: ScenarioRun, story: Story, gauge: Gauge, x: Scale, y: Scale): readonly SafeHtml[] {
  const ends = [
    [Math.max(story.fromMs, Math.min(0, story.toMs)), run.baseline[gauge]],
    [story.readings.at(-1)?.tMs ?? story.toMs, run.recount[gauge]],
  ] as const
  return ends.flatMap(([tMs, count]) => {
    if (count === null) return []
    const [cx, cy] = [rounded(x(tMs)), rounded(y(count))]
    return [html`<path class="point ${gauge}" d="M${cx} ${cy - 5}l5 5-5 5-5-5z"/>`]
  })
}

export const isSampled = (story: Story, gauge: Gauge): boolean => story.readings.some((reading) => reading[gauge] !== null)

function landmarks(story: Story, x: Scale, edges: { readonly top: number; readonly bottom: number; readonly right: number }): SafeHtml[] {
  const { top, bottom, right } = edges
  const upright = (ms: number, kind: string, text: string, labelY: number): SafeHtml[] => [
    html`<path class="landmark ${kind}" d="M${rounded(x(ms))} ${top}V${bottom}"/>`,
    lineLabel(text, x(ms), labelY, right, kind),
  ]
  const marks: SafeHtml[] = []
  if (story.workMs !== null) {
    marks.push(
      html`<rect class="work" x="${rounded(x(0))}" y="${top}" width="${rounded(Math.max(1, x(story.workMs) - x(0)))}" height="${bottom - top}"/>`,
      lineLabel('work', x(0) - 4, top - 20, right, 'work'),
    )
  }
  if (story.returnedAtMs !== null) marks.push(...upright(story.returnedAtMs, 'returned', 'back', top - 6))
  if (story.deadlineAtMs !== null) marks.push(...upright(story.deadlineAtMs, 'deadline', 'deadline', top - 20))
  return marks
}

/** What the picture shows, for those who do not see it. */
export function chartText(run: ScenarioRun, story: Story): string {
  const counts = GAUGES.flatMap((gauge) => {
    const [baseline, peak, recount] = [run.baseline[gauge], run.peak[gauge], run.recount[gauge]]
    if (baseline === null && recount === null) return []
    return [
      `${gauge} ${baseline ?? 'unknown'} at the baseline, ${peak === null ? '' : `${peak} at the peak, `}${recount ?? 'unknown'} at the recount`,
    ]
  })
  const work = story.workMs === null ? '' : ` The work took ${duration(story.workMs)}.`
  const back =
    run.returnedToBaselineMs === null
      ? 'Never back at the baseline'
      : `Back at the baseline ${duration(run.returnedToBaselineMs)} after the work`
  return `Chart over time: ${counts.join('; ')}.${work} ${back}, deadline ${duration(run.deadlineMs)}.`
}

/** One drawing of a run's story: counts as step lines, the work as a band, baseline, return and deadline as lines. */
export function chart(run: ScenarioRun, story: Story, size: ChartSize): SafeHtml {
  const right = size.width - MARGIN.right
  const bottom = size.height - MARGIN.bottom
  const highest = Math.max(
    1,
    ...story.readings.flatMap((reading) => GAUGES.map((gauge) => reading[gauge] ?? 0)),
    ...GAUGES.flatMap((gauge) => [run.baseline[gauge] ?? 0, run.recount[gauge] ?? 0]),
  )
  const x = scaleLinear([story.fromMs, story.toMs], [MARGIN.left, right])
  const y = scaleLinear([0, highest], [bottom, MARGIN.top]).nice(5)
  const xTicks = x.ticks(size.name === 'wide' ? 6 : 4)
  const stepMs = (xTicks[1] ?? 1000) - (xTicks[0] ?? 0)
  const yTicks = y.ticks(5).filter(Number.isInteger)
  const baselines = (['sockets', 'descriptors'] as const).flatMap((gauge) => {
    const count = run.baseline[gauge]
    if (count === null || !isSampled(story, gauge)) return []
    const level = rounded(y(count))
    return [html`<path class="baseline ${gauge}" d="M${MARGIN.left} ${level}H${right}"/>`]
  })
  const ends = GAUGES.flatMap((gauge) => {
    const last = story.readings.findLast((reading) => reading[gauge] !== null)
    const count = last?.[gauge]
    if (last === undefined || count == null) return []
    return [html`<text class="label ${gauge}" x="${rounded(x(last.tMs) + 5)}" y="${rounded(y(count) + 4)}">${count}</text>`]
  })
  return html`<svg class="chart ${size.name}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${chartText(run, story)}">
${landmarks(story, x, { top: MARGIN.top, bottom, right })}
${yTicks.map((tick) => html`<path class="grid" d="M${MARGIN.left} ${rounded(y(tick))}H${right}"/><text class="tick" x="${MARGIN.left - 6}" y="${rounded(y(tick) + 4)}" text-anchor="end">${tick}</text>`)}
${xTicks.map((tick) => html`<path class="grid" d="M${rounded(x(tick))} ${bottom}v4"/><text class="tick" x="${rounded(x(tick))}" y="${bottom + 17}" text-anchor="middle">${secondsText(tick, stepMs)}</text>`)}
<text class="axis" x="${(MARGIN.left + right) / 2}" y="${size.height - 5}" text-anchor="middle">seconds since ${story.isFromWork ? 'the work began' : 'the first census'}</text>
${baselines}${GAUGES.map((gauge) => (isSampled(story, gauge) ? seriesPath(story.readings, gauge, x, y) : null))}
${GAUGES.flatMap((gauge) => (isSampled(story, gauge) ? [] : points(run, story, gauge, x, y)))}
${ends}
</svg>`
}

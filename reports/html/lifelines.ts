import { html, type SafeHtml } from '@remix-run/html-template'
import { scaleLinear } from 'd3-scale'
import type { Lifeline, ScenarioRun } from '../../harness/model/run-record.ts'
import { oneLine } from '../neutralise.ts'
import { type Story, storyOf } from './series.ts'

/** A line of the picture: a bar, or the head of those below it. */
const BAR_HEIGHT = 7
const HEAD_HEIGHT = 18

interface Group {
  readonly head: string
  readonly lines: readonly Lifeline[]
}

const placeText = ({ openedAt }: Lifeline): string =>
  openedAt === null
    ? 'line unknown'
    : oneLine(`${openedAt.file}:${openedAt.line}${openedAt.function === null ? '' : ` in ${openedAt.function}`}`)

/** By what they are and where they were opened, in order of the first. */
function groupsOf(lifelines: readonly Lifeline[]): readonly Group[] {
  const groups = new Map<string, Lifeline[]>()
  for (const line of lifelines) {
    const key = `${nounOf(line)} ${placeText(line)}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [line])
    else group.push(line)
  }
  return [...groups.values()].flatMap((lines) => {
    const [first] = lines
    if (first === undefined) return []
    return [{ head: `${lines.length} ${nounOf(first)}${lines.length === 1 ? '' : 's'}, ${placeText(first)}`, lines }]
  })
}

const nounOf = ({ what, label }: Lifeline): string => oneLine(what === 'handle' ? label : what)

/** Where the name of a line is long its end says more: the file, the line, the function. */
function shortened(text: string, letters: number): string {
  return text.length <= letters ? text : `…${text.slice(text.length - letters + 1)}`
}

interface Size {
  readonly name: 'wide' | 'narrow'
  readonly width: number
  readonly letters: number
}

/** Drawn twice, as the chart above it is, with the same sides so that times stand below each other. */
const SIZES: readonly Size[] = [
  { name: 'wide', width: 560, letters: 84 },
  { name: 'narrow', width: 300, letters: 44 },
]
const SIDE = 34
const rounded = (value: number): number => Math.round(value * 10) / 10

function drawing(run: ScenarioRun, story: Story, startMs: number, size: Size): SafeHtml {
  const { lifelines } = run.timeline
  const x = scaleLinear([story.fromMs, story.toMs], [SIDE, size.width - SIDE]).clamp(true)
  const endMs = story.readings.at(-1)?.tMs ?? story.toMs
  const parts: SafeHtml[] = []
  let y = 0
  for (const { head, lines } of groupsOf(lifelines)) {
    parts.push(html`<text class="tick" x="${SIDE}" y="${y + 13}">${shortened(head, size.letters)}</text>`)
    y += HEAD_HEIGHT
    for (const line of lines) {
      const [from, to] = [rounded(x(line.openedAtMs - startMs)), rounded(x(endMs))]
      const middle = y + BAR_HEIGHT / 2
      const headers = line.headersAtMs === null ? to : rounded(x(line.headersAtMs - startMs))
      const isAnswered = line.what === 'request' && line.headersAtMs !== null
      parts.push(
        html`<path class="life ${line.what === 'request' ? 'asked' : 'held'}" d="M${from} ${middle}H${isAnswered ? headers : to}"/>`,
      )
      if (isAnswered) parts.push(html`<path class="life held" d="M${headers} ${middle}H${to}"/>`)
      y += BAR_HEIGHT
    }
  }
  const work =
    story.workMs === null
      ? null
      : html`<rect class="work" x="${rounded(x(0))}" y="0" width="${rounded(Math.max(1, x(story.workMs) - x(0)))}" height="${y}"/>`
  const end = (ms: number | null, kind: string): SafeHtml | null =>
    ms === null ? null : html`<path class="landmark ${kind}" d="M${rounded(x(ms))} 0V${y}"/>`
  const text = groupsOf(lifelines).map(({ head }) => head)
  return html`<svg class="chart ${size.name}" viewBox="0 0 ${size.width} ${y + 4}" role="img" aria-label="Lifelines of what is still open: ${text.join('; ')}">
${work}${end(story.deadlineAtMs, 'deadline')}${parts}</svg>`
}

const seconds = (ms: number | null, startMs: number): string => (ms === null ? '–' : `${((ms - startMs) / 1000).toFixed(3)} s`)

/** When each thing that leaked was opened, below the chart of the counts; null where nothing leaked. */
export function lifelinesFigure(run: ScenarioRun): SafeHtml | null {
  const { lifelines, lifelinesLeftOut, workStartedAtMs, tMs } = run.timeline
  const story = storyOf(run)
  if (lifelines.length === 0 || story === null) return null
  const startMs = workStartedAtMs ?? tMs[0] ?? 0
  const leftOut = lifelinesLeftOut === 0 ? null : html` ${lifelinesLeftOut} more are not drawn.`
  const swatch = (kind: string): SafeHtml =>
    html`<svg class="swatch" viewBox="0 0 28 14" aria-hidden="true" focusable="false"><path class="life ${kind}" d="M1 7H27"/></svg>`
  return html`<figure class="lifelines">
<h4>Lifelines of what is still open</h4>
${SIZES.map((size) => drawing(run, story, startMs, size))}
<figcaption><ul class="legend"><li>${swatch('asked')} no answer yet</li><li>${swatch('held')} open: headers came, or connected, or made</li></ul>
<p class="muted">Each line begins where the thing was opened and ends at the recount, because nothing ended it.${leftOut}</p></figcaption>
<details class="more"><summary>The lifelines as a table</summary>
<div class="scroll" role="group" aria-label="Lifelines" tabindex="0"><table>
<thead><tr><th scope="col">what</th><th scope="col" class="number">opened</th><th scope="col" class="number">headers</th><th scope="col">where</th></tr></thead>
<tbody>${lifelines.map((line) => html`<tr><th scope="row">${oneLine(line.label)}</th><td class="number">${seconds(line.openedAtMs, startMs)}</td><td class="number">${seconds(line.headersAtMs, startMs)}</td><td>${placeText(line)}</td></tr>`)}</tbody>
</table></div></details>
</figure>`
}

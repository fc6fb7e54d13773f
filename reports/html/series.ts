import type { ScenarioRun } from '../../harness/model/run-record.ts'

export const GAUGES = ['sockets', 'handles', 'descriptors'] as const
export type Gauge = (typeof GAUGES)[number]

/** What a gauge read at one moment; `tMs` counts from the beginning of the work where that is known. */
export interface Reading {
  readonly tMs: number
  readonly sockets: number | null
  readonly handles: number | null
  readonly descriptors: number | null
}

/** The time axis of a run: everything in ms since the work began, or since the first reading where that is not known. */
export interface Story {
  readonly isFromWork: boolean
  readonly fromMs: number
  readonly toMs: number
  readonly readings: readonly Reading[]
  /** How long the work took; null: not known. */
  readonly workMs: number | null
  readonly deadlineAtMs: number | null
  readonly returnedAtMs: number | null
}

/** The share of the axis left for what was before the work: a run may have waited long for its turn, and nothing happened then. */
const LEAD_SHARE = 0.12
/** Above this many times what was watched, a deadline would squeeze the story into a corner; it is told in words then. */
const FARTHEST_DEADLINE = 2

const isSame = (a: Reading, b: Reading): boolean => GAUGES.every((gauge) => a[gauge] === b[gauge])

/** Drops readings that say the same as both their neighbours; a step line keeps its form. */
function thinned(readings: readonly Reading[]): readonly Reading[] {
  return readings.filter((reading, at) => {
    const before = readings[at - 1]
    const after = readings[at + 1]
    return before === undefined || after === undefined || !isSame(before, reading) || !isSame(reading, after)
  })
}

/** A run's readings and landmarks; null when nothing was sampled. */
export function storyOf(run: ScenarioRun): Story | null {
  const { timeline } = run
  if (timeline.tMs.length === 0) return null
  const startMs = timeline.workStartedAtMs
  const zeroMs = startMs ?? timeline.tMs[0] ?? 0
  const all = timeline.tMs.map((tMs, at) => ({
    tMs: tMs - zeroMs,
    sockets: timeline.sockets[at] ?? null,
    handles: timeline.handles[at] ?? null,
    descriptors: timeline.descriptors[at] ?? null,
  }))
  const workMs = startMs === null || timeline.workEndedAtMs === null ? null : timeline.workEndedAtMs - startMs
  const returnedAtMs = workMs === null || run.returnedToBaselineMs === null ? null : workMs + run.returnedToBaselineMs
  const watchedMs = Math.max(all.at(-1)?.tMs ?? 0, workMs ?? 0, returnedAtMs ?? 0, 1)
  const deadlineMs = workMs === null ? null : workMs + run.deadlineMs
  const deadlineAtMs = deadlineMs !== null && deadlineMs <= watchedMs * FARTHEST_DEADLINE ? deadlineMs : null
  const toMs = Math.max(watchedMs, deadlineAtMs ?? 0)
  const fromMs = Math.max(all[0]?.tMs ?? 0, -toMs * LEAD_SHARE)
  const shown = all.filter(({ tMs }) => tMs >= fromMs)
  const lastBefore = all.findLast(({ tMs }) => tMs < fromMs)
  const watched = lastBefore === undefined ? shown : [{ ...lastBefore, tMs: fromMs }, ...shown]
  // the recount is a census as well, and comes when everything is back
  const { sockets, descriptors } = run.recount
  const isRecountLater = returnedAtMs !== null && returnedAtMs > (all.at(-1)?.tMs ?? 0)
  const readings = thinned(isRecountLater ? [...watched, { tMs: returnedAtMs, sockets, handles: null, descriptors }] : watched)
  return { isFromWork: startMs !== null, fromMs, toMs, readings, workMs, deadlineAtMs, returnedAtMs }
}

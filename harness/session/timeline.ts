import { type Lifelines, NO_LIFELINES } from '../diagnosis/lifelines.ts'
import { connectionsOf } from '../diagnosis/residue.ts'
import type { Census } from '../model/census.ts'
import type { Clock } from '../model/clock.ts'
import type { Timeline } from '../model/run-record.ts'
import type { Subject } from '../subjects/subject.ts'
import type { PlotPhase } from './stage.ts'

/** Points kept; beyond it every second one is dropped and the pace halves, so that memory stays bounded. */
const MAX_POINTS = 600
/** While the descriptor gauge stands still so do the connections: the census before says what another would, and a point a second is enough to draw. */
const STILL_POINT_MS = 1_000

export interface Sampler extends Disposable {
  /** The census with the most connections so far; null before the first. */
  peak(): Census | null
  /** @param lifelines of what leaked, on the wall clock. */
  timeline(lifelines?: Lifelines): Timeline
  /** The plot has come so far, now. */
  mark(phase: PlotPhase): void
}

/**
 * Takes a census whenever the descriptor gauge has moved (0.003 ms a look, facts.md), but not more often than every `everyMs`. What it costs is bounded by whoever
 * takes it (subjects/shared-census.ts).
 */
export function sample(subject: Pick<Subject, 'census' | 'gauge'>, clock: Clock, everyMs: number): Sampler {
  const stopped = new AbortController()
  const startMs = clock.nowMs()
  const startOnWallMs = performance.timeOrigin + startMs
  let points: { readonly tMs: number; readonly census: Census }[] = []
  let peak: Census | null = null
  const phaseAtMs = new Map<PlotPhase, number>()
  let paceMs = everyMs
  let gauge: number | null = null
  let latest: Census | null = null

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      const beforeMs = clock.nowMs()
      const present = subject.gauge()
      const hasMoved = present === null || present !== gauge
      gauge = present
      if (!hasMoved && latest !== null && beforeMs - startMs - (points.at(-1)?.tMs ?? 0) < STILL_POINT_MS) {
        await clock.sleep(paceMs, stopped.signal)
        continue
      }
      const census: Census = hasMoved || latest === null ? await subject.census() : latest
      if (stopped.signal.aborted) return
      // It may have waited for others.
      const atMs = clock.nowMs()
      latest = census
      if (census.sockets !== null) {
        points.push({ tMs: Math.round(atMs - startMs), census })
        if (peak === null || connectionsOf(census).length > connectionsOf(peak).length) peak = census
      }
      if (points.length > MAX_POINTS) {
        points = points.filter((_, index) => index % 2 === 0)
        paceMs *= 2
      }
      await clock.sleep(paceMs, stopped.signal)
    }
  }
  void run()

  return {
    peak: () => peak,
    mark: (phase) => phaseAtMs.set(phase, Math.round(clock.nowMs() - startMs)),
    timeline: ({ shown, leftOut } = NO_LIFELINES) => ({
      workStartedAtMs: phaseAtMs.get('work') ?? null,
      workEndedAtMs: phaseAtMs.get('quiesce') ?? null,
      tMs: points.map((point) => point.tMs),
      sockets: points.map((point) => connectionsOf(point.census).length),
      handles: points.map(() => null),
      descriptors: points.map((point) => point.census.descriptors),
      lifelines: shown.map((lifeline) => ({
        ...lifeline,
        openedAtMs: Math.round(lifeline.openedAtMs - startOnWallMs),
        headersAtMs: lifeline.headersAtMs === null ? null : Math.round(lifeline.headersAtMs - startOnWallMs),
      })),
      lifelinesLeftOut: leftOut,
    }),
    [Symbol.dispose]: () => stopped.abort(),
  }
}

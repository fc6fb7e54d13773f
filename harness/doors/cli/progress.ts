import { counted, duration } from '../../../reports/amounts.ts'
import { gistOf } from '../../../reports/gist.ts'
import { oneLine } from '../../../reports/neutralise.ts'
import { type Paint, paintFor } from '../../../reports/paint.ts'
import { runName } from '../../../reports/run-name.ts'
import { STYLE_OF_VERDICT } from '../../../reports/run-text.ts'
import type { RunPlace } from '../../model/run-record.ts'
import type { Phase, SuiteEvent } from '../../model/scenario.ts'
import { type Io, isCi, type Output, terminalWidth, wantsColour } from './io.ts'

/** Tells on stderr what a run is doing. */
export interface Progress {
  onEvent(event: SuiteEvent): void
  /** Something to say once, in either style. */
  note(text: string): void
  /** Takes the live part away. */
  stop(): void
}

const placeOf = (key: RunPlace): string => `${runName(key)}${key.backend === null ? '' : ` on ${key.backend}`}`

/** One line for what happened for good; null for what is only a step on the way. */
function lineOf(event: SuiteEvent, position: () => string, paint: Paint): string | null {
  switch (event.type) {
    case 'planned': {
      const scenarios = new Set(event.runs.map((run) => run.scenario)).size
      const backends = [...new Set(event.runs.flatMap((run) => run.backend ?? []))]
      return `${counted(event.runs.length, 'run', 'runs')} of ${counted(scenarios, 'scenario', 'scenarios')}${backends.length === 0 ? '' : ` on ${backends.join(', ')}`}`
    }
    case 'judged': {
      const { run } = event
      const judged = run.asExpected ? 'as expected' : paint(['red', 'bold'], 'NOT AS EXPECTED')
      return `${position()} ${paint(STYLE_OF_VERDICT[run.verdict], run.verdict)}  ${placeOf(run)}  ${gistOf(run)}; ${judged}, ${duration(run.durationMs)}`
    }
    case 'skipped':
      return `${paint('yellow', 'not run')}  ${placeOf(event.skipped)}  ${oneLine(event.skipped.reason)}`
    case 'begun':
    case 'ended':
    case 'phase':
      return null
  }
}

/** `[3/12]` */
function positionCounter(): { plan(total: number): void; next(): string; readonly judged: number; readonly total: number } {
  let total = 0
  let judged = 0
  return {
    plan: (runs) => {
      total = runs
    },
    next: () => `[${++judged}/${total}]`,
    get judged() {
      return judged
    },
    get total() {
      return total
    },
  }
}

function plainProgress(output: Output, paint: Paint): Progress {
  const position = positionCounter()
  const told = new Set<string>()
  const say = (text: string): void => void output.write(`${text}\n`)
  return {
    onEvent(event) {
      if (event.type === 'planned') position.plan(event.runs.length)
      // an image being pulled can take minutes: that is worth a line, once
      if (
        event.type === 'phase' &&
        event.phase === 'backend' &&
        event.detail !== null &&
        event.detail !== event.key.backend &&
        !told.has(event.detail)
      ) {
        told.add(event.detail)
        say(oneLine(event.detail))
      }
      const line = lineOf(event, position.next, paint)
      if (line !== null) say(line)
    },
    note: (text) => say(oneLine(text)),
    stop: () => {},
  }
}

async function liveProgress(output: Output, paint: Paint): Promise<Progress> {
  const { createLogUpdate } = await import('log-update')
  // showCursor: hiding it would install signal handlers of its own
  const live = createLogUpdate(output, { showCursor: true })
  const position = positionCounter()
  const active = new Map<string, { readonly phase: Phase; readonly detail: string | null; readonly sinceMs: number }>()
  const draw = (): void => {
    const all = [...active]
    const waiting = all.filter(([, { phase }]) => phase === 'waiting').length
    const lines = all
      .filter(([, { phase }]) => phase !== 'waiting')
      .map(([name, { phase, detail, sinceMs }]) => {
        const time = duration(performance.now() - sinceMs)
        return `  ${paint('cyan', phase.padEnd(8))} ${name}  ${paint('dim', `${time}${detail === null ? '' : `  ${oneLine(detail)}`}`)}`
      })
    live([...lines, paint('dim', `  ${position.judged} of ${position.total} judged, ${waiting} waiting for a lane`)].join('\n'))
  }
  // four frames a second: enough to see time pass, nothing to the measured processes
  const timer = setInterval(draw, 250)
  timer.unref()
  return {
    onEvent(event) {
      if (event.type === 'planned') position.plan(event.runs.length)
      if (event.type === 'phase') active.set(placeOf(event.key), { phase: event.phase, detail: event.detail, sinceMs: performance.now() })
      if (event.type === 'judged') active.delete(placeOf(event.key))
      if (event.type === 'skipped') active.delete(placeOf(event.skipped))
      const line = lineOf(event, position.next, paint)
      if (line !== null) live.persist(line)
      draw()
    },
    note: (text) => live.persist(oneLine(text)),
    stop: () => {
      clearInterval(timer)
      live.clear()
      live.done()
    },
  }
}

/** A live list on a terminal somebody watches, plain lines elsewhere. */
export async function createProgress({ stderr, env }: Pick<Io, 'stderr' | 'env'>): Promise<Progress> {
  const paint = paintFor(wantsColour(stderr, env))
  const isLive = terminalWidth(stderr) !== null && !isCi(env) && env.TERM !== 'dumb'
  return isLive ? liveProgress(stderr, paint) : plainProgress(stderr, paint)
}

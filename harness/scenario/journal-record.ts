/** The one way from what happened to a record: a finished run, an interrupted one and a killed one take it alike. */
import { type JournalEntry, type Stop, stopReason, type Timed } from '../model/journal.ts'
import type { RunPlace, RunRecord, ScenarioRun, SkippedRun } from '../model/run-record.ts'
import type { SuiteEvent } from '../model/scenario.ts'

/** What the journal keeps of an event; null: nothing, it was only a step on the way. */
export function entryOf(event: SuiteEvent): JournalEntry | null {
  switch (event.type) {
    case 'phase':
      return null
    case 'judged':
      return { type: 'judged', run: event.run }
    case 'planned':
      return { type: 'planned', runs: event.runs.map(placeOf) }
    case 'begun':
    case 'skipped':
    case 'ended':
      return event
  }
}

const placeOf = ({ scenario, case: name, variant, backend }: RunPlace): RunPlace => ({ scenario, case: name, variant, backend })

/** The same text for the same cell of the matrix. */
export const placeKey = ({ scenario, case: name, variant, backend }: RunPlace): string => JSON.stringify([scenario, name, variant, backend])

/** What an aborted signal says of who aborted it: the command line's reason is `interrupted by SIGINT`. */
export function interruptedBy({ reason }: AbortSignal): Stop {
  const by = /^interrupted by (SIG\w+)/.exec(reason instanceof Error ? reason.message : '')?.[1]
  return `interrupted by ${by ?? 'caller'}`
}

/** Nothing was written yet that says where it ran. */
const NOWHERE = { tool: { version: 'unknown' }, environment: { node: 'unknown', platform: 'unknown', docker: false, contended: false } }

const REMEDIES: Readonly<Record<string, string>> = {
  'still running': 'wait for it to end',
  killed: 'run it again; exit code 137 or a killed process means that the system ended it, mostly for lack of memory',
}

/**
 * What these entries say happened. What was planned and has no entry is in `skipped`, with the reason.
 * @param unfinished why a journal has no end: `killed`, or `still running`.
 */
export function recordOf(entries: readonly Timed<JournalEntry>[], unfinished: Stop): RunRecord {
  const { tool, environment } = entries.find((entry) => entry.type === 'begun') ?? NOWHERE
  const planned = entries.flatMap((entry) => (entry.type === 'planned' ? entry.runs : []))
  const judged = byPlace(entries.flatMap((entry) => (entry.type === 'judged' ? [entry.run] : [])))
  const missing = byPlace(entries.flatMap((entry) => (entry.type === 'skipped' ? [entry.skipped] : [])))
  const end = entries.find((entry) => entry.type === 'ended')
  const stop = end === undefined ? unfinished : (end.stopped ?? 'broken off by an error')
  const reason = stopReason(stop, judged.size, planned.length)
  const remedy = REMEDIES[stop] ?? 'run it again'
  const places = new Map([...planned, ...judged.values(), ...missing.values()].map((place) => [placeKey(place), placeOf(place)]))
  const runs: ScenarioRun[] = []
  const skipped: SkippedRun[] = []
  // in the order of the plan, whatever was ready first
  for (const [key, place] of places) {
    const run = judged.get(key)
    if (run === undefined) skipped.push(missing.get(key) ?? { ...place, reason, remedy })
    else runs.push(run)
  }
  return {
    schema: 'watertight/run@1',
    tool,
    environment,
    runs,
    skipped,
    totals: {
      runs: runs.length,
      asExpected: runs.filter((run) => run.asExpected).length,
      skipped: skipped.length,
      wallMs: Math.round(entries.at(-1)?.atMs ?? 0),
    },
  }
}

const byPlace = <Placed extends RunPlace>(placed: readonly Placed[]): ReadonlyMap<string, Placed> =>
  new Map(placed.map((each) => [placeKey(each), each]))

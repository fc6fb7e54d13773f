import { HarnessError } from '../model/errors.ts'
import type { RunPlace, RunRecord, ScenarioRun, SkippedRun } from '../model/run-record.ts'
import { placeKey } from './journal-record.ts'

/** A record and where it came from, for messages. */
export interface NamedRecord {
  readonly name: string
  readonly record: RunRecord
}

/**
 * Several records as one: the shards of one run. What one shard did not run and another one judged is judged. Where shards say different
 * things of their machines, all are named; `wallMs` is the longest, for shards run side by side.
 * @throws {HarnessError} INVALID_OPTION when a run was judged in two of them: the later must not hide the earlier, a leak that comes and goes is a leak.
 */
export function mergeRecords(inputs: readonly NamedRecord[]): RunRecord {
  const records = inputs.map(({ record }) => record)
  const judgedIn = new Map<string, string>()
  for (const { name, record } of inputs) {
    for (const run of record.runs) {
      const earlier = judgedIn.get(placeKey(run))
      if (earlier !== undefined)
        throw new HarnessError(
          'INVALID_OPTION',
          `${placeText(run)} was judged twice, in ${earlier} and in ${name}: two verdicts on one run cannot be merged`,
          'leave one of the two out; to hold one against the other, use --against',
        )
      judgedIn.set(placeKey(run), name)
    }
  }
  const runs = grouped(records.flatMap((record) => record.runs))
  const skipped = missed(records, judgedIn)
  return {
    schema: 'watertight/run@1',
    tool: { version: together(records.map(({ tool }) => tool.version)) },
    environment: {
      node: together(records.map(({ environment }) => environment.node)),
      platform: together(records.map(({ environment }) => environment.platform)),
      docker: records.some(({ environment }) => environment.docker),
      contended: records.some(({ environment }) => environment.contended),
    },
    runs,
    skipped,
    totals: {
      runs: runs.length,
      asExpected: runs.filter((run) => run.asExpected).length,
      skipped: skipped.length,
      wallMs: Math.max(0, ...records.map(({ totals }) => totals.wallMs)),
    },
  }
}

const together = (texts: readonly string[]): string => [...new Set(texts)].join(', ')

const placeText = ({ scenario, case: name, variant, backend }: RunPlace): string =>
  `${scenario}${name === null ? '' : `/${name}`}${variant === null ? '' : ` (${variant})`}${backend === null ? '' : ` on ${backend}`}`

/** The runs of a scenario together, wherever they were made. */
function grouped(runs: readonly ScenarioRun[]): readonly ScenarioRun[] {
  const scenarios = new Set(runs.map(({ scenario }) => scenario))
  return [...scenarios].flatMap((scenario) => runs.filter((run) => run.scenario === scenario))
}

/** What nobody judged, once. */
function missed(records: readonly RunRecord[], judgedIn: ReadonlyMap<string, string>): readonly SkippedRun[] {
  const skipped = new Map<string, SkippedRun>()
  for (const run of records.flatMap((record) => record.skipped)) {
    if (!judgedIn.has(placeKey(run)) && !skipped.has(placeKey(run))) skipped.set(placeKey(run), run)
  }
  return [...skipped.values()]
}

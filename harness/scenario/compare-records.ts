import type { ComparedRun, Comparison } from '../model/comparison.ts'
import type { Verdict } from '../model/diagnosis.ts'
import type { Finding } from '../model/finding.ts'
import type { RunRecord, ScenarioRun } from '../model/run-record.ts'
import { placeKey } from './journal-record.ts'

/** The further, the worse; `inconclusive` is worse than clean, because clean could not be shown. */
const RANK: Readonly<Record<Verdict, number>> = { clean: 0, inconclusive: 1, misconfigured: 2, leaked: 3 }

/** Holds `now` against `base`, run by run. */
export function compareRecords(base: RunRecord, now: RunRecord): Comparison {
  const before = new Map(base.runs.map((run) => [placeKey(run), run]))
  const judged = new Set(now.runs.map(placeKey))
  return {
    runs: now.runs.flatMap((run) => {
      const earlier = before.get(placeKey(run))
      return earlier === undefined ? [] : [compared(earlier, run)]
    }),
    missing: base.runs.filter((run) => !judged.has(placeKey(run))),
    added: now.runs.filter((run) => !before.has(placeKey(run))),
  }
}

function compared(base: ScenarioRun, now: ScenarioRun): ComparedRun {
  const known = new Set(base.findings.map(({ fingerprint }) => fingerprint))
  const newFindings = now.findings.filter((finding) => counts(finding) && !known.has(finding.fingerprint))
  return { base, now, change: changeOf(base, now), newFindings }
}

const counts = ({ severity }: Finding): boolean => severity !== 'note' && severity !== 'churn'

/** A declared leak that leaks is no worse than one that did not: only what is not as expected can be. */
function changeOf(base: ScenarioRun, now: ScenarioRun): ComparedRun['change'] {
  if (now.asExpected) return base.asExpected ? 'same' : 'better'
  if (base.asExpected || RANK[now.verdict] > RANK[base.verdict]) return 'worse'
  return RANK[now.verdict] < RANK[base.verdict] ? 'better' : 'same'
}

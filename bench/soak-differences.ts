/** What differs between the rounds of a soak, and from what the scenarios declare. Pure. */
import type { ScenarioRun } from '../harness/model/run-record.ts'
import { runName } from '../reports/run-name.ts'

/** From grave to slight; a run is reported under the gravest that holds. */
export const KINDS = ['missing', 'declared', 'verdict', 'codes', 'lines', 'counts'] as const
export type Kind = (typeof KINDS)[number]

export interface Difference {
  /** `article-batch-copy (leaky) on embedded` */
  readonly name: string
  readonly round: number
  /** `declared`: not what the scenario declares, whatever the first round said; the others: not what the first round said. */
  readonly kind: Kind
  readonly says: string
  /** Null: that round did not have it. */
  readonly first: ScenarioRun | null
  readonly now: ScenarioRun | null
}

/** Of one round, against the declarations and the first round (which is only held against the declarations). */
export function differences(round: number, runs: readonly ScenarioRun[], firstRuns: readonly ScenarioRun[]): readonly Difference[] {
  const first = byName(firstRuns)
  const now = byName(runs)
  return [...new Set([...first.keys(), ...now.keys()])].flatMap((name) => {
    const pair = { first: first.get(name) ?? null, now: now.get(name) ?? null }
    const found = differenceOf(pair.first, pair.now)
    return found === null ? [] : [{ name, round, ...found, ...pair }]
  })
}

const byName = (runs: readonly ScenarioRun[]): ReadonlyMap<string, ScenarioRun> => new Map(runs.map((run) => [nameOf(run), run]))

const nameOf = (run: ScenarioRun): string => `${runName(run)}${run.backend === null ? '' : ` on ${run.backend}`}`

function differenceOf(first: ScenarioRun | null, now: ScenarioRun | null): Pick<Difference, 'kind' | 'says'> | null {
  if (now === null) return { kind: 'missing', says: 'was judged in round 1 and is not here' }
  if (!now.asExpected) return { kind: 'declared', says: now.notes.join('; ') }
  if (first === null) return { kind: 'missing', says: 'is here and was not judged in round 1' }
  for (const [kind, told] of COMPARED) {
    const [before, after] = [told(first), told(now)]
    if (before !== after) return { kind, says: `${before} in round 1, ${after} now` }
  }
  return null
}

/** Each tells more than the one before. */
const COMPARED: readonly (readonly [Kind, (run: ScenarioRun) => string])[] = [
  ['verdict', ({ verdict }) => verdict],
  ['codes', ({ findings }) => list(findings.map(({ code }) => code))],
  ['lines', ({ findings }) => list(findings.map(placed))],
  [
    'counts',
    ({ findings, blockedAtRequest }) =>
      `${list(findings.filter(isCounted).map((finding) => `${placed(finding)} x${finding.count}`))}, ${blocked(blockedAtRequest)}`,
  ],
]

/** How many connections a clean run took is a price, and whether one came free in time for the next request a matter of chance: 39 or 38 (abandon-matrix). */
const isCounted = ({ severity }: ScenarioRun['findings'][number]): boolean => severity !== 'churn'

const list = (items: readonly string[]): string => (items.length === 0 ? 'nothing' : items.toSorted().join(', '))
const blocked = (ordinal: number | null): string => (ordinal === null ? 'nothing blocked' : `blocked at request ${ordinal}`)
const placed = ({ code, openedAt }: ScenarioRun['findings'][number]): string =>
  openedAt === null ? code : `${code} at ${openedAt.file}:${openedAt.line}`

/** What a soak leaves: a record, and the same for people. Pure. */
import { counted, duration } from '../reports/amounts.ts'
import { paintFor } from '../reports/paint.ts'
import { runText } from '../reports/run-text.ts'
import { type Difference, KINDS } from './soak-differences.ts'

export interface Round {
  readonly round: number
  readonly runs: number
  readonly asExpected: number
  readonly differences: number
  readonly wallMs: number
  /** Of the last minute, at its end. */
  readonly load: number
  /** Why it could not be judged; null: it was. */
  readonly failure: string | null
}

export interface SoakRecord {
  readonly schema: 'watertight/soak@1'
  readonly environment: { readonly node: string; readonly platform: string; readonly cpus: number; readonly burners: number }
  /** How many were asked for; fewer stand in `rounds` when it was interrupted. */
  readonly asked: number
  readonly rounds: readonly Round[]
  readonly differences: readonly Difference[]
}

/** `round 3 of 20: 46 of 46 runs as expected, no difference, 61.0 s, load 5.1` */
export function roundText({ round, runs, asExpected, differences, wallMs, load, failure }: Round, asked: number): string {
  const said =
    failure ??
    `${asExpected} of ${counted(runs, 'run', 'runs')} as expected, ${differences === 0 ? 'no difference' : counted(differences, 'DIFFERENCE', 'DIFFERENCES')}`
  return `round ${round} of ${asked}: ${said}, ${duration(wallMs)}, load ${load.toFixed(1)}`
}

/** With both records, as `watertight run` would print them. */
export function differenceText({ name, round, kind, says, first, now }: Difference, readSource: (file: string) => string | null): string {
  const options = { colour: false, paint: paintFor(false), width: Number.POSITIVE_INFINITY, readSource }
  const told = (run: Difference['first']): string => (run === null ? '(not judged)' : runText(run, options))
  return `${name}, round ${round}, ${kind}: ${says}\n\n--- round 1\n${told(first)}\n\n--- round ${round}\n${told(now)}\n`
}

export function soakMarkdown(record: SoakRecord, readSource: (file: string) => string | null): string {
  const { environment, asked, rounds, differences } = record
  const { node, platform, cpus, burners } = environment
  const failed = rounds.filter(({ failure }) => failure !== null).length
  const runs = rounds.reduce((sum, round) => sum + round.runs, 0)
  const differing = differences.length === 0 ? '' : counted(differences.length, 'verdict differs', 'verdicts differ')
  const unjudged = failed === 0 ? '' : `${counted(failed, 'round', 'rounds')} could not be judged`
  const verdict =
    [differing, unjudged].filter((each) => each !== '').join(', ') || (isSteady(record) ? 'not one verdict differs' : 'nothing was judged')
  return [
    '# Soak',
    '',
    `${rounds.length} of ${counted(asked, 'round', 'rounds')}, ${counted(runs, 'run', 'runs')}: **${verdict}**.`,
    '',
    `Node ${node}, ${platform}, ${counted(cpus, 'core', 'cores')}, ${counted(burners, 'process keeps', 'processes keep')} them busy.`,
    '',
    '| round | runs | as expected | differences | time | load |',
    '| ----: | ---: | ----------: | ----------: | ---: | ---: |',
    ...rounds.map(
      (each) =>
        `| ${[each.round, each.runs, each.asExpected, each.failure ?? each.differences, duration(each.wallMs), each.load.toFixed(1)].join(' | ')} |`,
    ),
    ...KINDS.flatMap((kind) =>
      section(
        kind,
        differences.filter((each) => each.kind === kind),
        readSource,
      ),
    ),
    '',
  ].join('\n')
}

/** Every round was judged, and all alike, and as declared. */
export const isSteady = ({ rounds, differences }: Pick<SoakRecord, 'rounds' | 'differences'>): boolean =>
  differences.length === 0 && rounds.length > 0 && rounds.every(({ failure }) => failure === null)

function section(kind: string, differences: readonly Difference[], readSource: (file: string) => string | null): readonly string[] {
  if (differences.length === 0) return []
  return ['', `## ${kind}`, ...differences.flatMap((each) => ['', '```', differenceText(each, readSource).trimEnd(), '```'])]
}

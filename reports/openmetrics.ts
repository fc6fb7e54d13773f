import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'
import { oneLine } from './neutralise.ts'

type Labels = Readonly<Record<string, string | null>>

interface Sample {
  readonly labels: Labels
  readonly value: number
}

interface Family {
  readonly name: string
  readonly type: 'gauge' | 'summary'
  readonly help: string
  readonly samples: readonly Sample[]
}

/** As the ABNF of OpenMetrics 1.0 has it; what could steer a terminal is shown as an escape before. */
const escaped = (text: string): string => oneLine(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')

/** A label that does not apply is left out: to Prometheus that is the same as an empty one. */
function labelText(labels: Labels): string {
  const parts = Object.entries(labels).flatMap(([name, value]) => (value === null ? [] : [`${name}="${escaped(value)}"`]))
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function familyText({ name, type, help, samples }: Family): string {
  if (samples.length === 0) return ''
  const lines = samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`)
  return `# TYPE ${name} ${type}\n# HELP ${name} ${help}\n${lines.join('\n')}\n`
}

const place = ({ scenario, case: part, variant, backend }: Pick<ScenarioRun, 'scenario' | 'case' | 'variant' | 'backend'>): Labels => ({
  scenario,
  case: part,
  variant,
  backend,
})

/** Of each run that has such a number. */
function each(runs: readonly ScenarioRun[], value: (run: ScenarioRun) => number | null, more: Labels = {}): readonly Sample[] {
  return runs.flatMap((run) => {
    const known = value(run)
    return known === null || !Number.isFinite(known) ? [] : [{ labels: { ...place(run), ...more }, value: known }]
  })
}

const left = (after: number | null, before: number | null): number | null => (after === null || before === null ? null : after - before)
const inSeconds = (ms: number | null): number | null => (ms === null ? null : ms / 1_000)

function families({ runs, skipped, tool, environment }: RunRecord): readonly Family[] {
  const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
    name: `watertight_run_${name}`,
    type: 'gauge',
    help,
    samples,
  })
  const quantile = (name: string, at: 'p50' | 'p90' | 'p99'): readonly Sample[] =>
    each(runs, ({ latencyMs }) => inSeconds(latencyMs?.[at] ?? null), { quantile: name })
  return [
    {
      // A gauge, for the text format of Prometheus knows no info, and its tools are who reads it.
      name: 'watertight_tool_info',
      type: 'gauge',
      help: 'What made the record, and where.',
      samples: [{ value: 1, labels: { version: tool.version, node: environment.node, platform: environment.platform } }],
    },
    gauge(
      'as_expected',
      '1: judged as declared.',
      each(runs, ({ asExpected }) => Number(asExpected)),
    ),
    gauge(
      'verdict',
      'Always 1: the label is what was judged.',
      runs.map((run) => ({ labels: { ...place(run), verdict: run.verdict }, value: 1 })),
    ),
    gauge(
      'findings',
      'Resources by finding code.',
      runs.flatMap((run) => {
        const counts = new Map<string, Sample>()
        for (const { code, severity, count } of run.findings)
          counts.set(code, { labels: { ...place(run), code, severity }, value: (counts.get(code)?.value ?? 0) + count })
        return [...counts.values()]
      }),
    ),
    gauge(
      'blocked_at_request',
      'The first request that never got a connection.',
      each(runs, (run) => run.blockedAtRequest),
    ),
    gauge(
      'return_to_baseline_seconds',
      'From the end of the work; absent: never.',
      each(runs, (run) => inSeconds(run.returnedToBaselineMs)),
    ),
    gauge(
      'sockets_left',
      'Sockets at the recount beyond those of the baseline.',
      each(runs, ({ recount, baseline }) => left(recount.sockets, baseline.sockets)),
    ),
    gauge(
      'connections_opened',
      'Connections the work opened to its backend.',
      each(runs, (run) => run.connectionsOpened),
    ),
    gauge('requests', 'Requests of the work by outcome.', [
      ...each(runs, ({ requests }) => requests.ok, { outcome: 'ok' }),
      ...each(runs, ({ requests }) => requests.failed, { outcome: 'failed' }),
    ]),
    {
      name: 'watertight_run_latency_seconds',
      type: 'summary',
      help: 'Response times of answered requests.',
      samples: [...quantile('0.5', 'p50'), ...quantile('0.9', 'p90'), ...quantile('0.99', 'p99')],
    },
    gauge(
      'duration_seconds',
      'Of the whole run.',
      each(runs, (run) => inSeconds(run.durationMs)),
    ),
    gauge(
      'skipped',
      'Always 1: a run that was wanted and not made.',
      skipped.map((run) => ({ labels: place(run), value: 1 })),
    ),
  ]
}

/** OpenMetrics 1.0, for a push gateway or node_exporter's textfile folder: what a run of the suite found, over months. */
export function renderOpenMetrics(record: RunRecord): string {
  return `${families(record).map(familyText).join('')}# EOF\n`
}

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'
import { renderOpenMetrics } from './openmetrics.ts'

const RECORD = JSON.parse(readFileSync(new URL('article-record.json', import.meta.url), 'utf8')) as RunRecord

test('the OpenMetrics report has a family for each number, and its runs as labels', () => {
  expect(renderOpenMetrics(RECORD)).toMatchInlineSnapshot(`
    "# TYPE watertight_tool_info gauge
    # HELP watertight_tool_info What made the record, and where.
    watertight_tool_info{version="0.1.0",node="v24.21.0",platform="linux"} 1
    # TYPE watertight_run_as_expected gauge
    # HELP watertight_run_as_expected 1: judged as declared.
    watertight_run_as_expected{scenario="article-batch-copy",variant="leaky",backend="embedded"} 1
    watertight_run_as_expected{scenario="article-batch-copy",variant="fixed",backend="embedded"} 1
    # TYPE watertight_run_verdict gauge
    # HELP watertight_run_verdict Always 1: the label is what was judged.
    watertight_run_verdict{scenario="article-batch-copy",variant="leaky",backend="embedded",verdict="leaked"} 1
    watertight_run_verdict{scenario="article-batch-copy",variant="fixed",backend="embedded",verdict="clean"} 1
    # TYPE watertight_run_findings gauge
    # HELP watertight_run_findings Resources by finding code.
    watertight_run_findings{scenario="article-batch-copy",variant="leaky",backend="embedded",code="UNREAD_BODY",severity="leak"} 25
    watertight_run_findings{scenario="article-batch-copy",variant="leaky",backend="embedded",code="POOL_STARVED",severity="starvation"} 1
    # TYPE watertight_run_blocked_at_request gauge
    # HELP watertight_run_blocked_at_request The first request that never got a connection.
    watertight_run_blocked_at_request{scenario="article-batch-copy",variant="leaky",backend="embedded"} 26
    # TYPE watertight_run_return_to_baseline_seconds gauge
    # HELP watertight_run_return_to_baseline_seconds From the end of the work; absent: never.
    watertight_run_return_to_baseline_seconds{scenario="article-batch-copy",variant="fixed",backend="embedded"} 4.0124
    # TYPE watertight_run_sockets_left gauge
    # HELP watertight_run_sockets_left Sockets at the recount beyond those of the baseline.
    watertight_run_sockets_left{scenario="article-batch-copy",variant="leaky",backend="embedded"} 25
    watertight_run_sockets_left{scenario="article-batch-copy",variant="fixed",backend="embedded"} 0
    # TYPE watertight_run_connections_opened gauge
    # HELP watertight_run_connections_opened Connections the work opened to its backend.
    watertight_run_connections_opened{scenario="article-batch-copy",variant="leaky",backend="embedded"} 25
    watertight_run_connections_opened{scenario="article-batch-copy",variant="fixed",backend="embedded"} 2
    # TYPE watertight_run_requests gauge
    # HELP watertight_run_requests Requests of the work by outcome.
    watertight_run_requests{scenario="article-batch-copy",variant="leaky",backend="embedded",outcome="ok"} 26
    watertight_run_requests{scenario="article-batch-copy",variant="fixed",backend="embedded",outcome="ok"} 122
    watertight_run_requests{scenario="article-batch-copy",variant="leaky",backend="embedded",outcome="failed"} 0
    watertight_run_requests{scenario="article-batch-copy",variant="fixed",backend="embedded",outcome="failed"} 0
    # TYPE watertight_run_latency_seconds summary
    # HELP watertight_run_latency_seconds Response times of answered requests.
    watertight_run_latency_seconds{scenario="article-batch-copy",variant="leaky",backend="embedded",quantile="0.5"} 0.0012
    watertight_run_latency_seconds{scenario="article-batch-copy",variant="fixed",backend="embedded",quantile="0.5"} 0.0011
    watertight_run_latency_seconds{scenario="article-batch-copy",variant="leaky",backend="embedded",quantile="0.9"} 0.0025
    watertight_run_latency_seconds{scenario="article-batch-copy",variant="fixed",backend="embedded",quantile="0.9"} 0.002
    watertight_run_latency_seconds{scenario="article-batch-copy",variant="leaky",backend="embedded",quantile="0.99"} 0.004
    watertight_run_latency_seconds{scenario="article-batch-copy",variant="fixed",backend="embedded",quantile="0.99"} 0.003
    # TYPE watertight_run_duration_seconds gauge
    # HELP watertight_run_duration_seconds Of the whole run.
    watertight_run_duration_seconds{scenario="article-batch-copy",variant="leaky",backend="embedded"} 6.212
    watertight_run_duration_seconds{scenario="article-batch-copy",variant="fixed",backend="embedded"} 5.01
    # TYPE watertight_run_skipped gauge
    # HELP watertight_run_skipped Always 1: a run that was wanted and not made.
    watertight_run_skipped{scenario="article-batch-copy",variant="leaky",backend="minio"} 1
    watertight_run_skipped{scenario="article-batch-copy",variant="fixed",backend="minio"} 1
    # EOF
    "
  `)
})

test('text from outside cannot end a label or a line', () => {
  const [run] = RECORD.runs as [ScenarioRun]
  const nasty: ScenarioRun = { ...run, scenario: 'a"b\\c\nd 1', findings: [], durationMs: Number.POSITIVE_INFINITY }
  const text = renderOpenMetrics({ ...RECORD, runs: [nasty], skipped: [] })
  expect(text).toContain('scenario="a\\"b\\\\c\\\\nd 1"')
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  // A sample of the grammar: a name, labels in which quotes and backslashes are escaped, one finite number.
  expect(samples.filter((line) => !/^[a-z_]+\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*\} -?[\d.e+-]+$/.test(line))).toEqual([])
  expect(text).not.toContain('duration_seconds')
})

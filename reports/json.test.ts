import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'
import { renderJson } from './json.ts'

const TEXT = readFileSync(new URL('article-record.json', import.meta.url), 'utf8')
const RECORD = JSON.parse(TEXT) as RunRecord
const [LEAKY, FIXED] = RECORD.runs as [ScenarioRun, ScenarioRun]

describe('the JSON report', () => {
  test('is the record, with a newline at the end', () => {
    const text = renderJson({ ...RECORD, runs: [LEAKY] })
    expect(text.endsWith('}\n')).toBe(true)
    expect(JSON.parse(text)).toEqual({ ...RECORD, runs: [LEAKY] })
  })

  test('writes out what a declaration leaves open: a field that does not apply is never missing', () => {
    const [run] = JSON.parse(renderJson({ ...RECORD, runs: [FIXED] })).runs
    expect(run.expected).toEqual({ verdict: 'clean', codes: [], blockedAtRequest: null })
  })

  test('has null where a number is infinite or none', () => {
    const latencyMs = { p50: Number.NaN, p90: Number.POSITIVE_INFINITY, p99: 1, max: Number.NEGATIVE_INFINITY, expectedIntervalMs: null }
    const text = renderJson({ ...RECORD, runs: [{ ...LEAKY, latencyMs, deadlineMs: Number.POSITIVE_INFINITY }] })
    const [run] = JSON.parse(text).runs
    expect(run.latencyMs).toEqual({ p50: null, p90: null, p99: 1, max: null, expectedIntervalMs: null })
    expect(run.deadlineMs).toBeNull()
    expect(text).not.toMatch(/NaN|Infinity/)
  })

  test('is the same text however the counts by state were collected', () => {
    const turned = {
      ...LEAKY,
      baseline: { ...LEAKY.baseline, byState: Object.fromEntries(Object.entries(LEAKY.baseline.byState).reverse()) },
    }
    expect(renderJson({ ...RECORD, runs: [turned] })).toBe(renderJson({ ...RECORD, runs: [LEAKY] }))
  })

  test('keeps a row of numbers on one line, and strings as they are', () => {
    const summary = 'odd [\n  1,\n  2\n] text \u009b2J'
    const findings = LEAKY.findings.map((finding) => ({ ...finding, summary }))
    const text = renderJson({ ...RECORD, runs: [{ ...LEAKY, findings }] })
    expect(text).toContain('"handles": [3, null, 28]')
    expect(text).not.toContain('\u009b')
    expect(JSON.parse(text).runs[0].findings[0].summary).toBe(summary)
  })
})

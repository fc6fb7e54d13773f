import * as v from 'valibot'
import { OWN_KINDS } from '../../harness/model/backend.ts'
import { VERDICTS } from '../../harness/model/diagnosis.ts'
import { type FindingCode, SEVERITIES, SEVERITY_OF } from '../../harness/model/finding.ts'
import type { RunRecord, ScenarioRun } from '../../harness/model/run-record.ts'

/** As JSON has it: what a declaration left open is written out (renderJson), so that a field that does not apply is null or empty, never missing. */
type JsonExpectation = Required<Omit<NonNullable<ScenarioRun['expected']>, 'blockedAtRequest' | 'connectionsAtMost'>> & {
  readonly blockedAtRequest: number | null
}
/** JSON has no Infinity: a time that is none is null. */
type JsonRun = Omit<ScenarioRun, 'expected' | 'deadlineMs' | 'latencyMs'> & {
  readonly expected: JsonExpectation | null
  readonly deadlineMs: number | null
  readonly latencyMs: { readonly [percentile in keyof NonNullable<ScenarioRun['latencyMs']>]: number | null } | null
}
type JsonRecord = Omit<RunRecord, 'runs'> & { readonly runs: readonly JsonRun[] }

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const fromOne = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const ms = v.pipe(v.number(), v.minValue(0))
const countOrNull = v.nullable(count)
const msOrNull = v.nullable(ms)
const textOrNull = v.nullable(v.string())

const code = v.pipe(v.picklist(Object.keys(SEVERITY_OF) as FindingCode[]), v.description('docs/findings/ has a page for each'))
const verdict = v.picklist(VERDICTS)
const variantOrNull = v.nullable(v.picklist(['leaky', 'fixed']))
const backendOrNull = v.nullable(v.picklist([...OWN_KINDS, 'url']))

export const expectation = v.object({ verdict, codes: v.array(code), blockedAtRequest: v.nullable(fromOne) })

const place = v.object({
  file: v.pipe(v.string(), v.description('relative to the working directory, with forward slashes')),
  line: fromOne,
  column: count,
  function: textOrNull,
})

const finding = v.object({
  code,
  severity: v.picklist(SEVERITIES),
  count: v.pipe(count, v.description('how many resources this finding is about')),
  origin: textOrNull,
  request: v.nullable(
    v.object({
      method: v.string(),
      path: v.pipe(v.string(), v.description('of a group: the common prefix and *')),
      status: v.nullable(v.pipe(v.number(), v.safeInteger())),
    }),
  ),
  openedAt: v.nullable(place),
  lastTouchedAt: v.nullable(place),
  summary: v.string(),
  evidence: v.array(
    v.object({
      ledger: v.picklist(['requests', 'pools', 'kernel', 'peer']),
      says: v.string(),
      value: v.union([v.number(), v.string(), v.null()]),
    }),
  ),
  advice: v.string(),
  fingerprint: v.pipe(v.string(), v.description('of code, role of the origin and creator; the same from run to run')),
})

const counts = v.object({
  sockets: countOrNull,
  handles: countOrNull,
  descriptors: countOrNull,
  byState: v.pipe(v.record(v.string(), count), v.description('sockets by TCP state')),
})

const latencyMs = v.object({
  p50: msOrNull,
  p90: msOrNull,
  p99: msOrNull,
  max: msOrNull,
  expectedIntervalMs: v.pipe(msOrNull, v.description('corrected for coordinated omission by this interval; null: not corrected')),
})

const lifeline = v.object({
  what: v.picklist(['request', 'connection', 'handle']),
  label: v.string(),
  openedAtMs: v.number(),
  headersAtMs: v.nullable(v.number()),
  openedAt: v.nullable(place),
})

const timeline = v.object({
  workStartedAtMs: msOrNull,
  workEndedAtMs: msOrNull,
  tMs: v.array(v.number()),
  sockets: v.array(count),
  handles: v.array(countOrNull),
  descriptors: v.array(countOrNull),
  lifelines: v.pipe(v.array(lifeline), v.description('of what was still open at the recount and leaked, oldest first')),
  lifelinesLeftOut: count,
})

const run = v.object({
  scenario: v.string(),
  case: textOrNull,
  variant: v.pipe(variantOrNull, v.description('null: a program that exec ran')),
  layer: v.string(),
  client: v.string(),
  backend: backendOrNull,
  profile: textOrNull,
  verdict,
  expected: v.nullable(expectation),
  asExpected: v.boolean(),
  notes: v.pipe(v.array(v.string()), v.description('why it is not as expected, or why it is inconclusive')),
  measured: v.pipe(v.array(v.string()), v.description('what the work itself has measured, a line each')),
  findings: v.pipe(v.array(finding), v.description('most severe first')),
  baseline: counts,
  peak: counts,
  recount: counts,
  deadlineMs: v.pipe(msOrNull, v.description('the idle deadline, counted from the end of the work')),
  returnedToBaselineMs: v.pipe(msOrNull, v.description('how long after the end of the work everything was back; null: never')),
  blockedAtRequest: v.pipe(v.nullable(fromOne), v.description('ordinal, at the leaking line, of the first request that got no connection')),
  proof: v.pipe(
    v.nullable(v.object({ released: count, answeredInMs: msOrNull, baselineInMs: msOrNull })),
    v.description('what happened when the suspects were released'),
  ),
  requests: v.object({ sent: count, ok: count, failed: count }),
  connectionsOpened: count,
  latencyMs: v.nullable(latencyMs),
  timeline: v.pipe(timeline, v.description('counts over time; the lists are of equal length, time 0 is shortly before the baseline')),
  workError: textOrNull,
  durationMs: ms,
})

const skipped = v.object({
  scenario: v.string(),
  case: textOrNull,
  variant: variantOrNull,
  backend: backendOrNull,
  reason: v.string(),
  remedy: v.string(),
})

/** `watertight/run@1`. The compiler holds it in step with RunRecord: what it takes is a record, and (below) it takes every record. */
export const RUN_SCHEMA = v.pipe(
  v.object({
    schema: v.literal('watertight/run@1'),
    tool: v.object({ version: v.string() }),
    environment: v.object({ node: v.string(), platform: v.string(), docker: v.boolean(), contended: v.boolean() }),
    runs: v.array(run),
    skipped: v.pipe(v.array(skipped), v.description('planned and not run: the backend is missing, or the whole run ended first')),
    totals: v.object({ runs: count, asExpected: count, skipped: count, wallMs: ms }),
  }),
  v.title('watertight/run@1'),
  v.description('what `watertight run --json` prints'),
) satisfies v.GenericSchema<JsonRecord>

type Mutable<T> = T extends object ? { -readonly [key in keyof T]: Mutable<T[key]> } : T
true satisfies Mutable<JsonRecord> extends v.InferOutput<typeof RUN_SCHEMA> ? true : false

import { z } from 'zod'
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

const count = z.int().min(0)
const countOrUnknown = count.nullable()
const ms = z.number().min(0)
const codes = Object.keys(SEVERITY_OF) as [FindingCode, ...FindingCode[]]

const code = z.enum(codes).meta({ description: 'docs/findings/ has a page for each' })
const verdict = z.enum(VERDICTS)
const variant = z.enum(['leaky', 'fixed'])
const backend = z.enum([...OWN_KINDS, 'url'])

export const expectation = z.object({
  verdict,
  codes: z.array(code),
  blockedAtRequest: z.int().min(1).nullable(),
})

const place = z.object({
  file: z.string().meta({ description: 'relative to the working directory, with forward slashes' }),
  line: z.int().min(1),
  column: z.int().min(0),
  function: z.string().nullable(),
})

const finding = z.object({
  code,
  severity: z.enum(SEVERITIES),
  count: count.meta({ description: 'how many resources this finding is about' }),
  origin: z.string().nullable(),
  request: z
    .object({
      method: z.string(),
      path: z.string().meta({ description: 'of a group: the common prefix and *' }),
      status: z.int().nullable(),
    })
    .nullable(),
  openedAt: place.nullable(),
  lastTouchedAt: place.nullable(),
  summary: z.string(),
  evidence: z.array(
    z.object({
      ledger: z.enum(['requests', 'pools', 'kernel', 'peer']),
      says: z.string(),
      value: z.union([z.number(), z.string(), z.null()]),
    }),
  ),
  advice: z.string(),
  fingerprint: z.string().meta({ description: 'of code, role of the origin and creator; the same from run to run' }),
})

const counts = z.object({
  sockets: countOrUnknown,
  handles: countOrUnknown,
  descriptors: countOrUnknown,
  byState: z.record(z.string(), count).meta({ description: 'sockets by TCP state' }),
})

const time = ms.nullable()

const run = z.object({
  scenario: z.string(),
  case: z.string().nullable(),
  variant: variant.nullable().meta({ description: 'null: a program that exec ran' }),
  layer: z.string(),
  client: z.string(),
  backend: backend.nullable(),
  profile: z.string().nullable(),
  verdict,
  expected: expectation.nullable(),
  asExpected: z.boolean(),
  notes: z.array(z.string()).meta({ description: 'why it is not as expected, or why it is inconclusive' }),
  measured: z.array(z.string()).meta({ description: 'what the work itself has measured, a line each' }),
  findings: z.array(finding).meta({ description: 'most severe first' }),
  baseline: counts,
  peak: counts,
  recount: counts,
  deadlineMs: time.meta({ description: 'the idle deadline, counted from the end of the work' }),
  returnedToBaselineMs: ms.nullable().meta({ description: 'how long after the end of the work everything was back; null: never' }),
  blockedAtRequest: z
    .int()
    .min(1)
    .nullable()
    .meta({ description: 'ordinal, at the leaking line, of the first request that got no connection' }),
  proof: z
    .object({ released: count, answeredInMs: ms.nullable(), baselineInMs: ms.nullable() })
    .nullable()
    .meta({ description: 'what happened when the suspects were released' }),
  requests: z.object({ sent: count, ok: count, failed: count }),
  connectionsOpened: count,
  latencyMs: z
    .object({
      p50: time,
      p90: time,
      p99: time,
      max: time,
      expectedIntervalMs: ms.nullable().meta({ description: 'corrected for coordinated omission by this interval; null: not corrected' }),
    })
    .nullable(),
  timeline: z
    .object({
      workStartedAtMs: ms.nullable(),
      workEndedAtMs: ms.nullable(),
      tMs: z.array(z.number()),
      sockets: z.array(count),
      handles: z.array(countOrUnknown),
      descriptors: z.array(countOrUnknown),
      lifelines: z
        .array(
          z.object({
            what: z.enum(['request', 'connection', 'handle']),
            label: z.string(),
            openedAtMs: z.number(),
            headersAtMs: z.number().nullable(),
            openedAt: place.nullable(),
          }),
        )
        .meta({ description: 'of what was still open at the recount and leaked, oldest first' }),
      lifelinesLeftOut: count,
    })
    .meta({ description: 'counts over time; the lists are of equal length, time 0 is shortly before the baseline' }),
  workError: z.string().nullable(),
  durationMs: ms,
})

const skipped = z.object({
  scenario: z.string(),
  case: z.string().nullable(),
  variant: variant.nullable(),
  backend: backend.nullable(),
  reason: z.string(),
  remedy: z.string(),
})

/** `watertight/run@1`. The compiler holds it in step with RunRecord: what it takes is a record, and (below) it takes every record. */
export const RUN_SCHEMA = z
  .object({
    schema: z.literal('watertight/run@1'),
    tool: z.object({ version: z.string() }),
    environment: z.object({ node: z.string(), platform: z.string(), docker: z.boolean(), contended: z.boolean() }),
    runs: z.array(run),
    skipped: z.array(skipped).meta({ description: 'planned and not run: the backend is missing, or the whole run ended first' }),
    totals: z.object({ runs: count, asExpected: count, skipped: count, wallMs: ms }),
  })
  .meta({ title: 'watertight/run@1', description: 'what `watertight run --json` prints' }) satisfies z.ZodType<JsonRecord>

type Mutable<T> = T extends object ? { -readonly [key in keyof T]: Mutable<T[key]> } : T
true satisfies Mutable<JsonRecord> extends z.output<typeof RUN_SCHEMA> ? true : false

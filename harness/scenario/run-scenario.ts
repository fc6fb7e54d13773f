import { inspect } from 'node:util'
import * as v from 'valibot'
import { type BackendKind, OWN_KINDS } from '../model/backend.ts'
import { HarnessError } from '../model/errors.ts'
import type { RecordedExpectation, ScenarioRun, VariantName } from '../model/run-record.ts'
import { ONLY_CASE, type Scenario } from '../model/scenario.ts'
import { complaints, noList } from '../session/complaints.ts'
import { ALIASES, OPTION_FIELDS } from '../session/resolve-options.ts'

export interface RunScenarioOptions {
  /** Default: `fixed` where there is one, else `leaky`. */
  readonly variant?: VariantName
  /** Needed when the scenario has several. */
  readonly case?: string
  /** Default `embedded`; ignored by a scenario without a backend. */
  readonly backend?: BackendKind
  /** Origin of the server, for backend `url`. */
  readonly url?: string
  /** Default 1. */
  readonly iterations?: number
  /** Default 60_000. */
  readonly workTimeoutMs?: number
  /** Default: the scenario's own. */
  readonly idleTimeoutMs?: number
  readonly signal?: AbortSignal
}

const { iterations, workTimeoutMs, idleTimeoutMs, signal } = OPTION_FIELDS
const text = v.optional(v.pipe(v.string(), v.minLength(1)))
const SCHEMA = noList(
  v.strictObject({
    variant: v.optional(v.picklist(['leaky', 'fixed'])),
    case: text,
    backend: v.optional(v.picklist([...OWN_KINDS, 'url'])),
    url: text,
    iterations,
    workTimeoutMs,
    idleTimeoutMs,
    signal,
  }),
)

/** Who writes JavaScript may give a definition, or a whole module. */
const isScenario = (value: unknown): boolean => v.is(v.object({ name: v.string(), cases: v.record(v.string(), v.object({})) }), value)

/**
 * Runs one variant of one scenario in a child of its own and judges it. The child loads the scenario's file, too: that must not run it again.
 * @throws {HarnessError} INVALID_SCENARIO, INVALID_OPTION with every mistake, UNKNOWN_SCENARIO for a variant or case it does not have, BACKEND_UNAVAILABLE, BACKEND_FAILED, SUBJECT_FAILED, INTERRUPTED.
 */
export async function runScenario(scenario: Scenario, options: RunScenarioOptions = {}): Promise<ScenarioRun> {
  if (!isScenario(scenario))
    throw new HarnessError(
      'INVALID_SCENARIO',
      `runScenario got ${inspect(scenario, { depth: 0, breakLength: Number.POSITIVE_INFINITY })} for its scenario`,
      'it takes what defineScenario returns',
    )
  const mistakes = complaints(SCHEMA, options, ALIASES, '`options`')
  if (mistakes.length > 0) throw new HarnessError('INVALID_OPTION', `invalid option: ${mistakes.join('; ')}`)
  const { file } = scenario
  if (file === null)
    throw new HarnessError('INVALID_SCENARIO', `scenario ${scenario.name} was not defined in a file: a child cannot load it`)
  const name = caseOf(scenario, options.case)
  const declared = scenario.cases[name] ?? {}
  const variant = options.variant ?? (declared.fixed === undefined ? 'leaky' : 'fixed')
  if (declared[variant] === undefined) throw new HarnessError('UNKNOWN_SCENARIO', `scenario ${scenario.name} has no ${variant} variant`)
  // On demand: whoever only asks findLeaks, and every scenario child, does without queues and histograms.
  const { runSuite } = await import('./suite.ts')
  const { runs, skipped } = await runSuite({
    scenarios: [{ scenario: { ...scenario, cases: { [name]: declared } }, file }],
    variants: [variant],
    backends: [options.backend ?? 'embedded'],
    url: options.url ?? null,
    iterations: options.iterations ?? 1,
    workTimeoutMs: options.workTimeoutMs ?? 60_000,
    idleTimeoutMs: options.idleTimeoutMs ?? null,
    docker: false,
    bail: false,
    signal: options.signal ?? new AbortController().signal,
    onEvent: () => {},
  })
  const [run] = runs
  if (run !== undefined) return { ...run, expected: run.expected && whole(run.expected) }
  if (options.signal?.aborted === true) throw new HarnessError('INTERRUPTED', `scenario ${scenario.name} was interrupted`)
  const [unavailable] = skipped
  if (unavailable !== undefined) throw new HarnessError('BACKEND_UNAVAILABLE', unavailable.reason, unavailable.remedy)
  throw new HarnessError('INVALID_OPTION', `scenario ${scenario.name} does not run on ${options.backend ?? 'embedded'}`)
}

/** As the JSON document has it: fields that do not apply are there. */
const whole = (expected: RecordedExpectation): RecordedExpectation => ({
  ...expected,
  codes: expected.codes ?? [],
  blockedAtRequest: expected.blockedAtRequest ?? null,
})

function caseOf(scenario: Scenario, wanted: string | undefined): string {
  const names = Object.keys(scenario.cases)
  const [only, ...others] = names
  const name = wanted ?? (others.length === 0 ? only : undefined)
  if (name !== undefined && names.includes(name)) return name
  const known = names.filter((each) => each !== ONLY_CASE).join(', ')
  throw new HarnessError('UNKNOWN_SCENARIO', `scenario ${scenario.name} has the cases ${known}`, 'name one with the option `case`')
}

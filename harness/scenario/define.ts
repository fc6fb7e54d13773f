import * as v from 'valibot'
import { captureStack } from '../ledger/stacks.ts'
import type { LimitProfileName } from '../limits/profiles.ts'
import type { BackendSpec } from '../model/backend.ts'
import { HarnessError } from '../model/errors.ts'
import { type FindingCode, SEVERITY_OF } from '../model/finding.ts'
import { LAYERS, type Layer, ONLY_CASE, type Scenario, type Variants, type Work } from '../model/scenario.ts'
import { complaints, noList } from '../session/complaints.ts'
import { LIMIT_PROFILE } from '../session/resolve-options.ts'

/** What a scenario file says. Only `name` and some work are needed: `{ name, work }` means "this is clean". */
export interface ScenarioDefinition extends Variants {
  readonly name: string
  readonly layer?: Layer
  readonly client?: string
  readonly shows?: string
  readonly backend?: BackendSpec
  /** Name of a limit profile (`watertight limits list`): more connections than it allows are LIMIT_UNENFORCED. */
  readonly limits?: LimitProfileName
  /** Judge how client and server fit together even where nothing has gone wrong yet: IDLE_RACE, TIMEOUT_MISSING. */
  readonly judgeLimits?: boolean
  readonly idleTimeoutMs?: number
  /** Most descriptors the subject may have open, from 40 on: an idle Node has about 25. Set with prlimit (util-linux); skipped where that is missing. */
  readonly descriptorLimit?: number
  /** Short form of `fixed: { work, expects: { verdict: 'clean' } }`. */
  readonly work?: Work
  readonly cases?: Readonly<Record<string, Variants>>
}

const callable = v.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', 'it takes a function')
const fromOne = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const expects = noList(
  v.strictObject({
    verdict: v.picklist(['clean', 'leaked', 'misconfigured', 'inconclusive']),
    codes: v.optional(v.array(v.picklist(Object.keys(SEVERITY_OF) as FindingCode[]))),
    blockedAtRequest: v.optional(fromOne),
    connectionsAtMost: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  }),
)
const load = noList(
  v.strictObject({
    path: v.union([v.string(), v.pipe(v.array(v.string()), v.minLength(1))]),
    connections: fromOne,
    amount: fromOne,
    rate: v.optional(v.pipe(v.number(), v.finite(), v.minValue(1))),
  }),
)
const backend = v.custom<BackendSpec>(
  (value) => v.is(v.object({ kinds: v.array(v.string()), start: callable }), value),
  'it takes a backend, such as s3Backend({ objects: 60, sizeBytes: 1_000_000 })',
)
const idleTimeoutMs = v.optional(v.pipe(v.number(), v.finite(), v.minValue(1)))
const side = noList(
  v.strictObject({
    profile: LIMIT_PROFILE,
    options: v.optional(noList(v.record(v.string(), v.union([v.string(), v.pipe(v.number(), v.finite()), v.boolean()])))),
  }),
)
const variant = v.pipe(
  noList(
    v.strictObject({
      work: v.optional(callable),
      serve: v.optional(callable),
      load: v.optional(load),
      program: v.optional(callable),
      expects,
      set: v.optional(noList(v.strictObject({ client: side, server: v.optional(side) }))),
      backend: v.optional(backend),
      idleTimeoutMs,
      workTimeoutMs: idleTimeoutMs,
    }),
  ),
  v.check(
    ({ work, serve, program }) => [work, serve, program].filter((each) => each !== undefined).length === 1,
    'it takes one of work, serve and program',
  ),
  v.check(({ serve, load }) => (serve === undefined) === (load === undefined), 'serve and load go together'),
)
const variants = { leaky: v.optional(variant), fixed: v.optional(variant) }
const SCHEMA = noList(
  v.strictObject({
    name: v.pipe(
      v.string(),
      v.check((name) => /^[a-z0-9][a-z0-9-]*$/.test(name), 'a name is lower case letters, digits and dashes'),
    ),
    layer: v.optional(v.picklist(LAYERS)),
    client: v.optional(v.string()),
    shows: v.optional(v.string()),
    backend: v.optional(backend),
    limits: v.optional(LIMIT_PROFILE),
    judgeLimits: v.optional(v.boolean()),
    idleTimeoutMs,
    // 40: below it Node itself could not work; 1,048,576: the kernel's own ceiling (fs.nr_open).
    descriptorLimit: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(40), v.maxValue(1_048_576))),
    work: v.optional(callable),
    ...variants,
    cases: v.optional(
      noList(
        v.record(
          v.pipe(
            v.string(),
            v.check((name) => name !== '', 'a case needs a name'),
          ),
          noList(v.strictObject(variants)),
        ),
      ),
    ),
  }),
)

/** @throws {HarnessError} INVALID_SCENARIO: names the field, what was given, the bounds, and the nearest right spelling. */
export function defineScenario(definition: ScenarioDefinition): Scenario {
  const mistakes = complaints(SCHEMA, definition)
  if (mistakes.length > 0)
    throw new HarnessError('INVALID_SCENARIO', `scenario ${String(definition?.name)} is not valid: ${mistakes.join('; ')}`)
  const { leaky, work } = definition
  const [one, other] = saidTwice(definition)
  if (one !== undefined)
    throw new HarnessError('INVALID_SCENARIO', `scenario ${definition.name} has both \`${one}\` and \`${other}\``, 'leave one of them out')
  const fixed: Variants['fixed'] = work === undefined ? definition.fixed : { work, expects: { verdict: 'clean' } }
  const own: Variants = { ...(leaky === undefined ? {} : { leaky }), ...(fixed === undefined ? {} : { fixed }) }
  const cases = definition.cases ?? { [ONLY_CASE]: own }
  if (Object.values(cases).every((each) => each.leaky === undefined && each.fixed === undefined)) {
    throw new HarnessError('INVALID_SCENARIO', `scenario ${definition.name} has no work`, 'give it `work`, `leaky`, `fixed` or `cases`')
  }
  return {
    name: definition.name,
    layer: definition.layer ?? 'process',
    client: definition.client ?? 'own',
    shows: definition.shows ?? '',
    backend: definition.backend ?? null,
    limits: definition.limits ?? null,
    judgeLimits: definition.judgeLimits ?? false,
    descriptorLimit: definition.descriptorLimit ?? null,
    idleTimeoutMs: definition.idleTimeoutMs ?? null,
    cases,
    file: captureStack(defineScenario).frame()?.file ?? null,
  }
}

/** Two fields of which one would be lost: `work` is short for `fixed`, and `cases` holds all variants there are. */
function saidTwice(definition: ScenarioDefinition): readonly [string, string] | readonly [] {
  const { work, leaky, fixed, cases } = definition
  if (work !== undefined && fixed !== undefined) return ['work', 'fixed']
  const beside = Object.entries({ work, leaky, fixed }).find(([, value]) => value !== undefined)
  return cases !== undefined && beside !== undefined ? ['cases', beside[0]] : []
}

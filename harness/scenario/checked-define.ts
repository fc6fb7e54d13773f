import * as v from 'valibot'
import type { BackendSpec } from '../model/backend.ts'
import { HarnessError } from '../model/errors.ts'
import { type FindingCode, SEVERITY_OF } from '../model/finding.ts'
import { LAYERS, type Scenario } from '../model/scenario.ts'
import { complaints, noList } from '../session/complaints.ts'
import { LIMIT_PROFILE } from '../session/resolve-options.ts'
import { composeScenario, type ScenarioDefinition } from './define.ts'

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
  return composeScenario(definition, defineScenario)
}

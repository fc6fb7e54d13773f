import { z } from 'zod'
import { captureStack } from '../ledger/stacks.ts'
import type { LimitProfileName } from '../limits/profiles.ts'
import type { BackendSpec } from '../model/backend.ts'
import { HarnessError } from '../model/errors.ts'
import { type FindingCode, SEVERITY_OF } from '../model/finding.ts'
import { LAYERS, type Layer, ONLY_CASE, type Scenario, type Variants, type Work } from '../model/scenario.ts'
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

const callable = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', 'expected a function')
const expects = z.strictObject({
  verdict: z.enum(['clean', 'leaked', 'misconfigured', 'inconclusive']),
  codes: z.array(z.enum(Object.keys(SEVERITY_OF) as FindingCode[])).optional(),
  blockedAtRequest: z.number().int().min(1).optional(),
  connectionsAtMost: z.number().int().min(0).optional(),
})
const load = z.strictObject({
  path: z.union([z.string(), z.array(z.string()).min(1)]),
  connections: z.number().int().min(1),
  amount: z.number().int().min(1),
  rate: z.number().min(1).optional(),
})
const backend = z.object({ kinds: z.array(z.string()), start: callable })
const idleTimeoutMs = z.number().min(1)
const side = z.strictObject({
  profile: LIMIT_PROFILE,
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
})
const ofAny = {
  expects,
  set: z.strictObject({ client: side, server: side.optional() }).optional(),
  backend: backend.optional(),
  idleTimeoutMs: idleTimeoutMs.optional(),
  workTimeoutMs: idleTimeoutMs.optional(),
}
const variant = z.union([
  z.strictObject({ work: callable, ...ofAny }),
  z.strictObject({ serve: callable, load, ...ofAny }),
  z.strictObject({ program: callable, ...ofAny }),
])
const variants = { leaky: variant.optional(), fixed: variant.optional() }
const SCHEMA = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'a name is lower case letters, digits and dashes'),
  layer: z.enum(LAYERS).optional(),
  client: z.string().optional(),
  shows: z.string().optional(),
  backend: backend.optional(),
  limits: LIMIT_PROFILE.optional(),
  judgeLimits: z.boolean().optional(),
  idleTimeoutMs: idleTimeoutMs.optional(),
  // 40: below it Node itself could not work; 1,048,576: the kernel's own ceiling (fs.nr_open).
  descriptorLimit: z.number().int().min(40).max(1_048_576).optional(),
  work: callable.optional(),
  ...variants,
  cases: z.record(z.string().min(1), z.strictObject(variants)).optional(),
})

/** @throws {HarnessError} INVALID_SCENARIO naming the field. */
export function defineScenario(definition: ScenarioDefinition): Scenario {
  const parsed = SCHEMA.safeParse(definition)
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'scenario'}: ${issue.message}`)
    throw new HarnessError('INVALID_SCENARIO', `scenario ${String(definition.name)} is not valid: ${issues.join('; ')}`)
  }
  const { leaky, work } = definition
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

import { captureStack } from '../ledger/stacks.ts'
import type { LimitProfileName } from '../limits/profiles.ts'
import type { BackendSpec } from '../model/backend.ts'
import { HarnessError } from '../model/errors.ts'
import { type Layer, ONLY_CASE, type Scenario, type Variants, type Work } from '../model/scenario.ts'

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

/**
 * A scenario of ours, whose types the compiler has checked. It stands alone because the child of a run loads it too: what checks the values (checked-define.ts, which users get)
 * takes 15 ms of CPU to load, and a suite starts 200 children.
 * @throws {HarnessError} INVALID_SCENARIO: without any work, or with two things of which one would be lost.
 */
export const defineScenario = (definition: ScenarioDefinition): Scenario => composeScenario(definition, defineScenario)

/** @param caller whose caller is the scenario's file. */
export function composeScenario(definition: ScenarioDefinition, caller: (definition: ScenarioDefinition) => Scenario): Scenario {
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
    file: captureStack(caller).frame()?.file ?? null,
  }
}

/** Two fields of which one would be lost: `work` is short for `fixed`, and `cases` holds all variants there are. */
function saidTwice(definition: ScenarioDefinition): readonly [string, string] | readonly [] {
  const { work, leaky, fixed, cases } = definition
  if (work !== undefined && fixed !== undefined) return ['work', 'fixed']
  const beside = Object.entries({ work, leaky, fixed }).find(([, value]) => value !== undefined)
  return cases !== undefined && beside !== undefined ? ['cases', beside[0]] : []
}

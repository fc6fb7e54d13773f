import { HarnessError } from '../../model/errors.ts'
import type { VariantName } from '../../model/run-record.ts'
import type { LoadedScenario } from '../../scenario/suite.ts'
import { either, nearest } from '../../session/nearest.ts'
import type { RunArguments } from './arguments.ts'
import type { BackendChoice } from './backend-choice.ts'
import { quoted } from './quoted.ts'

function unknown(names: readonly string[], known: readonly string[]): HarnessError {
  const meant = names.map((name) => nearest(name, known)).filter((name) => name !== null)
  const listed = names.map(quoted).join(', ')
  const what = names.length === 1 ? `there is no scenario ${listed}` : `there are no scenarios ${listed}`
  const list = '`watertight list` shows them all'
  return new HarnessError(
    'UNKNOWN_SCENARIO',
    `${what} among the ${known.length} there are`,
    meant.length === 0 ? list : `did you mean ${meant.join(' ')}? ${list}`,
  )
}

/** The scenarios that were named; else the user's own, if a configuration names any; else all. Throws HarnessError with the nearest names for what is not there. */
export function chosenScenarios(names: readonly string[], all: readonly LoadedScenario[]): readonly LoadedScenario[] {
  const known = all.map(({ scenario }) => scenario.name)
  const missing = names.filter((name) => !known.includes(name))
  if (missing.length > 0) throw unknown(missing, known)
  if (names.length > 0) return all.filter(({ scenario }) => names.includes(scenario.name))
  const own = all.filter((loaded) => loaded.own !== undefined)
  return own.length === 0 ? all : own
}

/** `leaky` and `fixed` for both. */
export function chosenVariants(variant: RunArguments['variant']): readonly VariantName[] {
  return variant === 'both' ? ['leaky', 'fixed'] : [variant]
}

function runsOn({ scenario }: LoadedScenario, kinds: BackendChoice['kinds']): boolean {
  return scenario.backend === null || scenario.backend.kinds.some((kind) => kinds.includes(kind))
}

function hasVariant({ scenario }: LoadedScenario, variants: readonly VariantName[]): boolean {
  return Object.values(scenario.cases).some((pair) => variants.some((variant) => pair[variant] !== undefined))
}

/**
 * Splits the chosen scenarios into those with something to run and those without, which the caller must mention: nothing is skipped in silence.
 * Throws HarnessError when nothing is left to run, or when what --require names cannot be part of this run.
 */
export function runnable(
  scenarios: readonly LoadedScenario[],
  variants: readonly VariantName[],
  backends: BackendChoice,
  require: RunArguments['require'],
): { readonly wanted: readonly LoadedScenario[]; readonly left: readonly string[] } {
  const kinds = either(backends.kinds.map((kind) => (kind === 'url' ? 'a URL' : kind)))
  const isRunnable = (loaded: LoadedScenario): boolean => runsOn(loaded, backends.kinds) && hasVariant(loaded, variants)
  const wanted = scenarios.filter(isRunnable)
  const left = scenarios.filter((loaded) => !isRunnable(loaded)).map(({ scenario }) => scenario.name)
  if (wanted.length === 0) {
    throw new HarnessError(
      'INVALID_OPTION',
      `nothing to run: none of the chosen scenarios has a ${either(variants)} variant on ${kinds}`,
      '`watertight list` shows which backends and variants each scenario has',
    )
  }
  const impossible = require.filter(
    (kind) => !backends.kinds.includes(kind) || !wanted.some(({ scenario }) => scenario.backend?.kinds.includes(kind)),
  )
  if (impossible.length > 0) {
    throw new HarnessError(
      'INVALID_OPTION',
      `--require ${impossible.join(',')} cannot be met: no run of this choice would use ${either(impossible)}`,
      'drop --require or --backend, or choose scenarios that `watertight list` shows with that backend',
    )
  }
  return { wanted, left }
}

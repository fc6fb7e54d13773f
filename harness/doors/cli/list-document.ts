import { columns } from '../../../reports/layout.ts'
import { oneLine } from '../../../reports/neutralise.ts'
import type { OwnKind } from '../../model/backend.ts'
import type { Expectation } from '../../model/run-record.ts'
import type { Scenario, Variant, Variants } from '../../model/scenario.ts'

function expects(variant: Variant | undefined): object | null {
  if (variant === undefined) return null
  const { verdict, codes, blockedAtRequest }: Expectation = variant.expects
  return { expects: { verdict, codes: codes ?? [], blockedAtRequest: blockedAtRequest ?? null } }
}

function variantsOf(variants: Variants | undefined): object {
  return { leaky: expects(variants?.leaky), fixed: expects(variants?.fixed) }
}

/** A URL is not a backend of its own: it stands for a server of the kinds named here. */
function ownKinds(backend: Scenario['backend']): readonly OwnKind[] {
  return (backend?.kinds ?? []).filter((kind) => kind !== 'url')
}

function entry({ name, layer, client, shows, backend, cases }: Scenario): object {
  const pairs = Object.entries(cases)
  return {
    name,
    layer,
    client,
    shows,
    backends: ownKinds(backend),
    // a scenario with several cases is told by its first, and in full below
    variants: variantsOf(pairs[0]?.[1]),
    ...(pairs.length > 1 && { cases: Object.fromEntries(pairs.map(([key, variants]) => [key, variantsOf(variants)])) }),
  }
}

/** `watertight/list@1` of product.md. */
export function listDocument(scenarios: readonly Scenario[]): object {
  return { schema: 'watertight/list@1', scenarios: scenarios.map(entry) }
}

/** The same for people, as a table. */
export function listText(scenarios: readonly Scenario[]): string {
  const rows = scenarios.map(({ name, layer, client, backend, shows }) =>
    [name, layer, client, ownKinds(backend).join(', ') || '-', shows].map(oneLine),
  )
  return `${columns([['scenario', 'layer', 'client', 'backends', 'shows'], ...rows]).join('\n')}\n`
}

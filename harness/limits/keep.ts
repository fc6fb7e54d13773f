/** A client that is to keep the limits of a profile: what becomes of it, and what is asked in vain. */
import type { Dialect, Knob, LimitProfile, LimitValues } from './limit-profile.ts'
import { valuesOf } from './limit-profile.ts'
import { type LimitFault, type LimitSide, shownMs } from './lint-side.ts'
import { type LimitTarget, mapLimits } from './map-onto.ts'

const TARGETS: { readonly [D in Dialect]?: LimitTarget } = {
  undici: 'undici',
  'node-http': 'node-http',
  azure: 'node-http',
  gcs: 'node-http',
  'aws-sdk': 'aws-sdk',
  'http-server': 'http-server',
}

/** Null: nobody has written down what this client can be told. */
export const targetOf = ({ dialect }: LimitProfile): LimitTarget | null => TARGETS[dialect] ?? null

/** What a client is, rather than what it is told. */
const NATURE: ReadonlySet<Knob> = new Set<Knob>(['hint', 'atLimit', 'sendsHint', 'headersOnlyWarn', 'continueMs'])

/** The side with every knob the client can keep turned to the profile; the others are faults. */
export function keeping(
  side: LimitSide,
  asked: LimitProfile,
  target: LimitTarget,
): { readonly side: LimitSide; readonly faults: readonly LimitFault[] } {
  const { knobs } = mapLimits(asked, target)
  const values = valuesOf(asked)
  const kept = knobs.filter(({ knob, fate }) => fate !== 'UNENFORCED' && !NATURE.has(knob)).map(({ knob }) => knob)
  const turned = Object.fromEntries(kept.map((knob) => [knob, values[knob]])) as LimitValues
  const faults = knobs
    .filter(({ fate }) => fate === 'UNENFORCED')
    .map(
      ({ knob, value, by, reason }): LimitFault => ({
        code: 'LIMIT_UNENFORCED',
        where: side.name,
        summary: `${knob} ${typeof value === 'number' && knob.endsWith('Ms') ? shownMs(value) : String(value)} of ${asked.name} is not kept: ${reason ?? 'there is no option for it'}`,
        evidence: [{ ledger: 'pools', says: `${knob} of ${asked.name}`, value: typeof value === 'boolean' ? String(value) : value }],
        advice: by === '-' ? 'nothing does it in this client: leave it out of the profile, or take another client' : by,
      }),
    )
  // What the caller has turned by hand was meant.
  const own = Object.fromEntries([...side.turned].map((knob) => [knob, side.values[knob]])) as LimitValues
  return { side: { ...side, values: { ...side.values, ...turned, ...own }, turned: new Set([...side.turned, ...kept]) }, faults }
}

/** A profile said in the options of another client or server, and, knob by knob, what became of it. */

import { inspect } from 'node:util'
import { closest } from 'fastest-levenshtein'
import { HarnessError } from '../model/errors.ts'
import type { Knob, LimitProfile, LimitValues } from './limit-profile.ts'
import { valuesOf } from './limit-profile.ts'
import { HTTP_SERVER, NODE_HTTP, onAwsSdk, UNDICI } from './map-rules.ts'

export const LIMIT_TARGETS = ['undici', 'node-http', 'aws-sdk', 'http-server'] as const
export type LimitTarget = (typeof LIMIT_TARGETS)[number]

/** ENFORCED: an option does it. EMULATED: something of watertight/limits does it, with this client. UNENFORCED: nothing does. */
export type Fate = 'ENFORCED' | 'EMULATED' | 'UNENFORCED'

export interface KnobFate {
  readonly knob: Knob
  readonly value: number | string | boolean
  readonly fate: Fate
  /** The option, the function, or what to do instead. */
  readonly by: string
  readonly reason: string | null
}

export type OptionTree = { readonly [name: string]: number | boolean | OptionTree }

/** What becomes of one knob in one client. */
export interface Said {
  readonly fate: Fate
  readonly by: string
  readonly reason?: string
  /** For the client itself. */
  readonly options?: OptionTree
  /** For cappedAgent or boundedAgent. */
  readonly emulate?: OptionTree
}
export type Rules = { readonly [K in Knob]?: (value: NonNullable<LimitValues[K]>, all: LimitValues) => Said | null }

export interface MappedLimits {
  readonly target: LimitTarget
  readonly profile: string
  /** To hand to the client or server itself. */
  readonly options: OptionTree
  /** To hand to cappedAgent (undici) or boundedAgent (node:http); null where nothing is emulated. */
  readonly emulate: OptionTree | null
  readonly knobs: readonly KnobFate[]
}

const RULES: Readonly<Record<LimitTarget, Rules>> = {
  undici: UNDICI,
  'node-http': NODE_HTTP,
  'aws-sdk': onAwsSdk(NODE_HTTP),
  'http-server': HTTP_SERVER,
}

export const roleOf = (target: LimitTarget): 'client' | 'server' => (target === 'http-server' ? 'server' : 'client')

/** @throws {HarnessError} INVALID_OPTION for what is no profile or no target, and when a server's profile is asked of a client, or the other way round. */
export function mapLimits(profile: LimitProfile, target: LimitTarget): MappedLimits {
  const mistake = mistakeIn(profile, target)
  if (mistake !== null) throw new HarnessError('INVALID_OPTION', `mapLimits: ${mistake}`)
  const values = valuesOf(profile)
  const said = (Object.keys(values) as Knob[]).flatMap((knob) => {
    const rule = RULES[target][knob] as ((value: unknown, all: LimitValues) => Said | null) | undefined
    const fate = rule === undefined ? NO_RULE : rule(values[knob], values)
    return fate === null ? [] : [{ knob, value: values[knob] as KnobFate['value'], ...fate }]
  })
  const emulate = merged(said.map((each) => each.emulate ?? {}))
  return {
    target,
    profile: profile.name,
    options: merged(said.map((each) => each.options ?? {})),
    emulate: Object.keys(emulate).length === 0 ? null : emulate,
    knobs: said.map(({ knob, value, fate, by, reason = null }) => ({ knob, value, fate, by, reason })),
  }
}

/** Who writes JavaScript may give anything: a name for the profile it is of, a target with a slip. */
function mistakeIn(profile: LimitProfile, target: LimitTarget): string | null {
  const given: unknown = profile
  if (typeof given !== 'object' || given === null || !['name', 'role', 'limits'].every((field) => field in given))
    return `the profile is ${inspect(given, { depth: 0 })}: it takes a limit profile, such as limitProfile('go-article')`
  if (!LIMIT_TARGETS.includes(target)) {
    const meant = typeof target === 'string' ? `did you mean '${closest(target, [...LIMIT_TARGETS])}'? ` : ''
    return `the target is ${inspect(target, { depth: 0 })}: ${meant}it takes ${LIMIT_TARGETS.join(', ')}`
  }
  if (profile.role === roleOf(target)) return null
  return `${profile.name} is the profile of a ${profile.role}, and ${target} is a ${roleOf(target)}`
}

const NO_RULE: Said = { fate: 'UNENFORCED', by: '-', reason: 'it has nothing of the kind' }

/** Later ones win, objects within are merged. */
function merged(trees: readonly OptionTree[]): OptionTree {
  const result: Record<string, number | boolean | OptionTree> = {}
  for (const tree of trees) {
    for (const [name, value] of Object.entries(tree)) {
      const before = result[name]
      result[name] = typeof value === 'object' && typeof before === 'object' ? merged([before, value]) : value
    }
  }
  return result
}

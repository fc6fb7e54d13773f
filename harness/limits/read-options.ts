/** Options of a client or server, as somebody wrote them, read into knobs: every mistake with its bounds and the nearest right spelling. */
import { closest, distance } from 'fastest-levenshtein'
import { validateAistore } from './aistore-bounds.ts'
import { DIALECT_OPTIONS, type DialectOption } from './dialects.ts'
import { parseGoDuration } from './go-duration.ts'
import { type Dialect, type Knob, type LimitProfile, type LimitValues, valuesOf } from './limit-profile.ts'
import type { LimitSide } from './lint-side.ts'

export type OptionValue = string | number | boolean
export type LimitOptions = Readonly<Record<string, OptionValue>>

export type SideReading =
  | { readonly type: 'side'; readonly side: LimitSide }
  | { readonly type: 'mistakes'; readonly mistakes: readonly string[] }

/** A profile with some of its options set otherwise. */
export function limitSide(profile: LimitProfile, options: LimitOptions = {}): SideReading {
  // AIStore's bounds are of all its settings together, and in its own words.
  const refused = profile.dialect === 'aistore' ? aistoreMistakes(options) : []
  if (refused.length > 0) return { type: 'mistakes', mistakes: refused }
  const readings = Object.entries(options).map(([name, value]) => readOption(profile.dialect, name, value))
  const mistakes = readings.flatMap((reading) => ('mistake' in reading ? [reading.mistake] : []))
  if (mistakes.length > 0) return { type: 'mistakes', mistakes }
  const turned = Object.assign({}, ...readings.map((reading) => ('values' in reading ? reading.values : {}))) as LimitValues
  const { name, role, dialect } = profile
  const values = { ...valuesOf(profile), ...turned }
  return { type: 'side', side: { name, role, dialect, values, turned: new Set(Object.keys(turned) as Knob[]) } }
}

function aistoreMistakes(options: LimitOptions): readonly string[] {
  const given = Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, typeof value === 'number' ? value : String(value)]),
  )
  const validation = validateAistore(given)
  return validation.type === 'valid' ? [] : validation.mistakes.map(({ error }) => error)
}

type Reading = { readonly values: LimitValues } | { readonly mistake: string }

function readOption(dialect: Dialect, name: string, given: OptionValue): Reading {
  const options = DIALECT_OPTIONS[dialect]
  const found = options.find(({ option }) => option === name || option === `net.http.${name}` || `net.http.${option}` === name)
  if (found === undefined) {
    const names = options.map(({ option }) => option)
    const meant = closest(name, names)
    // More than half of the letters wrong is another word, not a slip.
    const isSlip = distance(name.toLowerCase(), meant.toLowerCase()) <= Math.ceil(meant.length / 2)
    return {
      mistake: `${dialect} has no option ${JSON.stringify(name)}: ${isSlip ? `did you mean ${meant}? It` : 'it'} has ${names.join(', ')}`,
    }
  }
  const value = READERS[found.kind](String(given), found)
  if (value === null) return { mistake: `${name} got ${JSON.stringify(given)}: it takes ${TAKES[found.kind]}${boundOf(found)}` }
  return { values: Object.fromEntries(found.knobs.map((knob) => [knob, value])) as LimitValues }
}

const boundOf = ({ least, kind }: DialectOption): string => (kind === 'switch' || !Number.isFinite(least) ? '' : ` from ${least} on`)

const TAKES = {
  count: 'a whole number',
  ms: 'a number of ms, or a duration such as 6s or 500ms,',
  go: 'a duration such as 20s, 1m30s or 500ms,',
  switch: 'true or false',
} as const

/** Longest a timer can be in Node: beyond it fires at once. */
const MAX_MS = 2_147_483_647

/** Null: it takes something else. */
const READERS: Readonly<Record<DialectOption['kind'], (text: string, option: DialectOption) => number | boolean | null>> = {
  switch: (text, { isInverted }) => (text === 'true' || text === 'false' ? (text === 'true') !== (isInverted === true) : null),
  count: (text, option) => {
    if (/^(Infinity|unlimited)$/i.test(text)) return Number.POSITIVE_INFINITY
    return /^-?\d+$/.test(text) ? zeroed(Number(text), option) : null
  },
  ms: (text, option) => durationOf(/^\d+(\.\d+)?$/.test(text) ? `${text}ms` : text, option),
  go: (text, option) => durationOf(text, option),
}

function durationOf(text: string, option: DialectOption): number | null {
  if (/^(Infinity|none)$/i.test(text)) return Number.POSITIVE_INFINITY
  const parsed = parseGoDuration(text)
  return 'error' in parsed || parsed.ms > MAX_MS ? null : zeroed(parsed.ms, option)
}

function zeroed(value: number, { zero, least }: DialectOption): number | null {
  if (value < least) return null
  if (value !== 0 || zero === 'nothing') return value
  return zero === 'none' ? Number.POSITIVE_INFINITY : zero
}

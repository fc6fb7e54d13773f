/**
 * The bounds AIStore puts on `net.http`, with its own words: cmn/config.go, HTTPConf.Validate, of NVIDIA/aistore 583e7729 (5.0, 2026-08-21);
 * what the values then mean: cmn/client.go, NewTransport.
 */
import { distance } from 'fastest-levenshtein'
import { AISTORE_DEFAULT_IDLE_MS, AISTORE_DEFAULT_IDLE_PER_HOST, AISTORE_MAX_IDLE_MS } from './aistore-numbers.ts'
import { goDurationText, parseGoDuration } from './go-duration.ts'

const MAX_IDLE_CONNS = 4_096
const MAX_IDLE_PER_HOST = 128

/** The settings of `net.http` that bound connections; durations in Go's spelling, `0` for the default. */
export interface AistoreSettings {
  readonly idle_conn_time: string
  readonly backend_idle_conn_time: string
  readonly idle_conns: number
  readonly idle_conns_per_host: number
}
export type AistoreKey = keyof AistoreSettings
export const AISTORE_KEYS = [
  'idle_conn_time',
  'backend_idle_conn_time',
  'idle_conns',
  'idle_conns_per_host',
] as const satisfies AistoreKey[]

/** deploy/dev/local/aisnode_config.sh: what a cluster starts with there. */
export const AISTORE_DEFAULTS: AistoreSettings = {
  idle_conn_time: '6s',
  backend_idle_conn_time: '6s',
  idle_conns: 256,
  idle_conns_per_host: 32,
}

/** What a client of AIStore's is made of; Infinity for no cap. */
export interface AistoreInForce {
  readonly idleMs: number
  readonly backendIdleMs: number
  readonly maxIdleTotal: number
  readonly maxIdlePerHost: number
  /** A negative per-host cap turns keep-alive off altogether. */
  readonly keepAlive: boolean
}

export interface AistoreMistake {
  readonly key: string
  /** What AIStore says, letter by letter, where it says anything. */
  readonly error: string
  /** The bound that was broken: `[0 - 4096]`. */
  readonly bound: string
}

export type AistoreValidation =
  | {
      readonly type: 'valid'
      readonly settings: AistoreSettings
      readonly inForce: AistoreInForce
      /** Accepted, and hardly meant. */
      readonly warnings: readonly string[]
    }
  /** In AIStore's order: it says the first of them and no more. */
  | { readonly type: 'invalid'; readonly mistakes: readonly AistoreMistake[] }

/**
 * Judges a change of `net.http` as AIStore does: the changed values together with the present ones, all or nothing.
 * @param changes by key, with or without the leading `net.http.`; numbers may come as text.
 */
export function validateAistore(
  changes: Readonly<Record<string, string | number>>,
  present: AistoreSettings = AISTORE_DEFAULTS,
): AistoreValidation {
  const unknown = Object.keys(changes).flatMap((given) => (keyOf(given) === null ? [unknownKey(given)] : []))
  const merged = { ...present, ...Object.fromEntries(Object.entries(changes).map(([given, value]) => [keyOf(given) ?? given, value])) }
  const idle = readDuration('idle_conn_time', merged.idle_conn_time, AISTORE_MAX_IDLE_MS)
  const backend = readDuration('backend_idle_conn_time', merged.backend_idle_conn_time, Number.POSITIVE_INFINITY)
  const conns = readCount('idle_conns', merged.idle_conns)
  const perHost = readCount('idle_conns_per_host', merged.idle_conns_per_host)
  const mistakes = [...unknown, ...idle.mistakes, ...backend.mistakes, ...conns.mistakes, ...perHost.mistakes]
  if (conns.mistakes.length === 0 && (conns.value < 0 || conns.value > MAX_IDLE_CONNS)) {
    const bound = `[0 - ${MAX_IDLE_CONNS}]`
    mistakes.push({ key: 'idle_conns', error: `invalid idle_conns ${conns.value} (expecting range ${bound})`, bound })
  }
  // A cap on all of 0 means no cap to the transport, and yet allows none per host to this rule: so it stands in AIStore's code.
  const mostPerHost = Math.min(conns.value, MAX_IDLE_PER_HOST)
  if (perHost.mistakes.length === 0 && perHost.value !== 0 && perHost.value > mostPerHost) {
    const bound = `[0 - ${mostPerHost}]`
    mistakes.push({ key: 'idle_conns_per_host', error: `invalid idle_conns_per_host: ${perHost.value} (expecting range ${bound})`, bound })
  }
  if (mistakes.length > 0) return { type: 'invalid', mistakes }
  const settings: AistoreSettings = {
    idle_conn_time: goDurationText(idle.value),
    backend_idle_conn_time: goDurationText(backend.value),
    idle_conns: conns.value,
    idle_conns_per_host: perHost.value,
  }
  return {
    type: 'valid',
    settings,
    inForce: inForceOf(idle.value, backend.value, conns.value, perHost.value),
    warnings: warningsOf(settings),
  }
}

/** Go's net/http keeps nothing with a negative cap per host; cos.NonZero replaces zeros by AIStore's own defaults. */
function inForceOf(idleMs: number, backendIdleMs: number, idleConns: number, perHost: number): AistoreInForce {
  return {
    idleMs,
    backendIdleMs,
    maxIdleTotal: idleConns === 0 ? Number.POSITIVE_INFINITY : idleConns,
    maxIdlePerHost: perHost === 0 ? AISTORE_DEFAULT_IDLE_PER_HOST : Math.max(0, perHost),
    keepAlive: perHost >= 0,
  }
}

function warningsOf({ idle_conn_time, idle_conns, idle_conns_per_host }: AistoreSettings): readonly string[] {
  const off =
    idle_conns_per_host < 0
      ? [
          `idle_conns_per_host ${idle_conns_per_host} is accepted and turns keep-alive off: no idle connection is ever kept, and each request pays a new one (CONNECTION_CHURN); 0 is the default of ${AISTORE_DEFAULT_IDLE_PER_HOST}`,
        ]
      : []
  const unlimited = idle_conns === 0 ? ['idle_conns 0 is no cap on all hosts together: only the cap per host bounds idle connections'] : []
  const race =
    idle_conn_time === goDurationText(AISTORE_MAX_IDLE_MS)
      ? [
          `idle_conn_time ${idle_conn_time} is as long as an AIStore server keeps an idle connection: whichever side is first, and resets will come (IDLE_RACE); 20s is two thirds`,
        ]
      : []
  return [...off, ...unlimited, ...race]
}

interface Reading {
  readonly value: number
  readonly mistakes: readonly AistoreMistake[]
}

function readDuration(key: string, given: unknown, mostMs: number): Reading {
  const bound = mostMs === Number.POSITIVE_INFINITY ? '[0 - no limit]' : `(0 - ${goDurationText(mostMs)}], or 0`
  const wrong = (error: string): Reading => ({ value: 0, mistakes: [{ key, error, bound }] })
  const parsed = parseGoDuration(String(given))
  if ('error' in parsed) return wrong(parsed.error)
  if (parsed.ms === 0) return { value: AISTORE_DEFAULT_IDLE_MS, mistakes: [] }
  if (parsed.ms > 0 && parsed.ms <= mostMs) return { value: parsed.ms, mistakes: [] }
  const below = mostMs === Number.POSITIVE_INFINITY ? ' or 0' : ` below max = ${goDurationText(mostMs)}, or 0`
  return wrong(
    `invalid ${key} ${goDurationText(parsed.ms)} (expecting a positive value${below} for system default ${goDurationText(AISTORE_DEFAULT_IDLE_MS)})`,
  )
}

function readCount(key: string, given: unknown): Reading {
  const text = String(given)
  if (/^[+-]?\d+$/.test(text)) return { value: Number(text), mistakes: [] }
  // AIStore leaves these words to strconv, which has no bounds to tell.
  return {
    value: 0,
    mistakes: [{ key, error: `invalid ${key} ${JSON.stringify(text)}: expecting a whole number`, bound: 'a whole number' }],
  }
}

const PREFIX = 'net.http.'

function keyOf(given: string): AistoreKey | null {
  const short = given.startsWith(PREFIX) ? given.slice(PREFIX.length) : given
  return AISTORE_KEYS.find((key) => key === short) ?? null
}

function unknownKey(given: string): AistoreMistake {
  const meant = [...AISTORE_KEYS].toSorted((a, b) => distance(given, PREFIX + a) - distance(given, PREFIX + b))[0] ?? AISTORE_KEYS[0]
  const error = `unknown key ${JSON.stringify(given)}: did you mean ${PREFIX}${meant}?`
  return { key: given, error, bound: AISTORE_KEYS.map((key) => PREFIX + key).join(', ') }
}

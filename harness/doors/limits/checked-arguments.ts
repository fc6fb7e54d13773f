/** What the functions of `watertight/limits` take; a mistake is told with its field, its bounds and the nearest right spelling, as the command line tells it. */
import * as v from 'valibot'
import { HarnessError } from '../../model/errors.ts'
import { complaints, noList } from '../../session/complaints.ts'

/** A timer beyond this fires at once in Node (2^31 - 1 ms). */
const MAX_TIMER_MS = 2_147_483_647
const REMEDY = 'docs/guides/limits.md says what each takes'

/** Infinity is what profiles say for no limit. */
const cap = (least: number) =>
  v.optional(
    v.custom<number>(
      (value) => value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && Number(value) >= least),
      `it takes a whole number from ${least} on, or Infinity`,
    ),
  )
const waitMs = (least: number) =>
  v.optional(
    v.custom<number>(
      (value) => value === Number.POSITIVE_INFINITY || (typeof value === 'number' && value >= least && value <= MAX_TIMER_MS),
      `it takes a number of ms from ${least} to ${MAX_TIMER_MS}, or Infinity`,
    ),
  )

const has = (value: unknown, names: readonly string[]): boolean =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  names.every((name) => typeof Reflect.get(value, name) === 'function')

const OF_CAPPED_AGENT = v.strictObject({
  undici: v.custom(
    (value) => has(value, ['Agent', 'Client', 'Dispatcher']),
    "it takes the module itself: import * as undici from 'undici'",
  ),
  // A request to a host that may have no connection would wait for ever.
  caps: noList(
    v.strictObject({ maxPerHost: cap(1), maxTotal: cap(1), maxIdlePerHost: cap(0), maxIdleTotal: cap(0), poolWaitMs: waitMs(0) }),
  ),
  options: v.custom((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'it takes options of an undici Agent'),
})

const OF_BOUNDED_AGENT = v.strictObject({
  agent: v.custom(
    (value) => has(value, ['addRequest', 'createConnection', 'keepSocketAlive']),
    'it takes an Agent of node:http or node:https',
  ),
  bounds: noList(v.strictObject({ poolWaitMs: waitMs(0), dialMs: waitMs(1), maxIdleTotal: cap(0) })),
})

const optionsGiven = v.optional(noList(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))))
/** The name alone, or with what is set otherwise; whether there is such a profile is told by those who read it. */
const sideGiven = v.optional(
  v.pipe(
    v.custom<{ readonly profile: string }>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      'it takes the name of a limit profile, or an object with profile, options and keep',
    ),
    v.strictObject({ profile: v.string(), options: optionsGiven, keep: v.optional(v.string()) }),
  ),
)
const msOrNull = v.nullable(v.pipe(v.number(), v.minValue(0)))
const PLACES = { client: sideGiven, proxy: sideGiven, proxyClient: sideGiven, server: sideGiven }
const live = noList(
  v.strictObject({ name: v.string(), hintMs: msOrNull, closesAtOnce: v.boolean(), measuredMs: msOrNull, watchedMs: msOrNull }),
)
const CHAIN = v.pipe(
  noList(v.strictObject({ ...PLACES, live: v.optional(live) })),
  v.check(
    (chain) => Object.values(chain).some((each) => each !== undefined),
    'it takes one of client, proxy, proxyClient, server and live',
  ),
)

function insist(who: string, mistakes: readonly string[]): void {
  if (mistakes.length > 0) throw new HarnessError('INVALID_OPTION', `${who}: ${mistakes.join('; ')}`, REMEDY)
}

/** @throws {HarnessError} INVALID_OPTION with every mistake. */
export const insistOnCapped = (given: { readonly [name in 'undici' | 'caps' | 'options']: unknown }): void =>
  insist('cappedAgent', complaints(OF_CAPPED_AGENT, given))

/** @throws {HarnessError} INVALID_OPTION with every mistake. */
export const insistOnBounded = (given: { readonly [name in 'agent' | 'bounds']: unknown }): void =>
  insist('boundedAgent', complaints(OF_BOUNDED_AGENT, given))

/** @throws {HarnessError} INVALID_OPTION with every mistake in its shape. */
export function insistOnChain(given: unknown): void {
  const isNamed = (place: string, side: unknown): boolean => place in PLACES && typeof side === 'string'
  const spelledOut =
    typeof given === 'object' && given !== null && !Array.isArray(given)
      ? Object.fromEntries(Object.entries(given).map(([place, side]) => [place, isNamed(place, side) ? { profile: side } : side]))
      : given
  insist('checkLimits', complaints(CHAIN, spelledOut))
}

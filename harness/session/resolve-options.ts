/** Options are resolved once, at the door: unknown keys and values out of bounds are refused with a pointer to what is right. */
import * as v from 'valibot'
import { findLimitProfile, LIMIT_PROFILE_NAMES, nearestProfileName } from '../limits/profiles.ts'
import { HarnessError } from '../model/errors.ts'
import { type FindingCode, SEVERITY_OF } from '../model/finding.ts'
import { type Allowance, DEFAULTS, type FindLeaksOptions, type ResolvedOptions } from '../model/options.ts'
import { complaints, noList } from './complaints.ts'

/** A timer beyond this fires at once in Node (2^31 - 1 ms). */
const MAX_TIMER_MS = 2_147_483_647
/** Of the work, and of its warm-up: more of either is a typing error. */
const MAX_ROUNDS = 100_000
const durationMs = v.pipe(v.number(), v.minValue(1), v.maxValue(MAX_TIMER_MS))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const text = v.pipe(v.string(), v.minLength(1))

const BUDGET = noList(v.strictObject({ sockets: v.optional(count), requests: v.optional(count), handles: v.optional(count) }))
const NO_REASON = 'it takes a reason, such as "the metrics exporter lives as long as the process"'
const NO_NAME = 'it takes an origin, a code or openedAt beside its reason: nothing given would match everything'
/** As findings name it: also tcp://, where nobody knows what was spoken, and whatever a Host header may say. */
const IS_ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@]+$/

/** Anything else matches no finding, and would be taken for an allowance that nothing needs. */
function asOrigin(text: string): string {
  const withHost = text.replace(/^:?(\d+)$/, '127.0.0.1:$1')
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(withHost) ? withHost : `http://${withHost}`)
  const meant = url === null ? '' : `${url.protocol}//${url.host}`
  return `it takes an origin, scheme://host[:port]${IS_ORIGIN.test(meant) ? `; did you mean '${meant}'?` : ", such as 'http://127.0.0.1:9464'"}`
}

const ALLOWANCE = v.pipe(
  noList(
    v.strictObject({
      origin: v.optional(
        v.pipe(
          text,
          v.check(
            (origin) => origin === '' || IS_ORIGIN.test(origin),
            ({ input }) => asOrigin(input),
          ),
        ),
      ),
      code: v.optional(v.picklist(Object.keys(SEVERITY_OF) as FindingCode[])),
      openedAt: v.optional(text),
      because: v.custom<string>((reason) => typeof reason === 'string' && reason.trim() !== '', NO_REASON),
    }),
  ),
  v.check(({ origin, code, openedAt }) => origin !== undefined || code !== undefined || openedAt !== undefined, NO_NAME),
)

/** The name of a limit profile; one that is not there gets the nearest that is. */
export const LIMIT_PROFILE = v.custom<string>(
  (value) => typeof value === 'string' && findLimitProfile(value) !== null,
  ({ input }) =>
    typeof input === 'string'
      ? `did you mean '${nearestProfileName(input)}'?`
      : `it takes the name of a limit profile: ${LIMIT_PROFILE_NAMES.join(', ')}`,
)

const isDispatcher = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'dispatch') === 'function'

/** Each with its bounds; a configuration takes the same. */
export const OPTION_FIELDS = {
  idleTimeoutMs: v.optional(durationMs),
  idleConnections: v.optional(v.picklist(['wait', 'trust', 'flush'])),
  level: v.optional(v.picklist(['full', 'sampled', 'off'])),
  iterations: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_ROUNDS))),
  warmUp: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_ROUNDS))),
  budget: v.optional(BUDGET),
  allow: v.optional(v.array(ALLOWANCE)),
  pools: v.optional(v.array(v.custom<object>(isDispatcher, 'it takes an undici dispatcher'))),
  forbidGcRescue: v.optional(v.boolean()),
  workTimeoutMs: v.optional(durationMs),
  signal: v.optional(v.custom<AbortSignal>((value) => value instanceof AbortSignal, 'it takes an AbortSignal')),
  stallMs: v.optional(v.nullable(durationMs)),
  limits: v.optional(LIMIT_PROFILE),
  judgeLimits: v.optional(v.boolean()),
  concurrent: v.optional(v.literal('attribute')),
}
const SCHEMA = noList(v.strictObject(OPTION_FIELDS))

/** Spellings people know from elsewhere. */
export const ALIASES: Readonly<Record<string, string>> = {
  idleTimeout: 'idleTimeoutMs',
  timeout: 'workTimeoutMs',
  workTimeout: 'workTimeoutMs',
  ignore: 'allow',
  whitelist: 'allow',
  reason: 'because',
  file: 'openedAt',
  profile: 'limits',
}

/**
 * @param sharedAllow allowances of a configuration, and those of the harness itself.
 * @throws {HarnessError} INVALID_OPTION: names the field, what was given, the bounds, and the nearest right spelling.
 */
export function resolveOptions(given: FindLeaksOptions = {}, sharedAllow: readonly Allowance[] = []): ResolvedOptions {
  const mistakes = complaints(SCHEMA, given, ALIASES, '`options`')
  if (mistakes.length > 0) throw new HarnessError('INVALID_OPTION', `invalid option: ${mistakes.join('; ')}`)
  const { budget, ...rest } = given
  return {
    ...DEFAULTS,
    idleTimeoutMs: null,
    idleConnections: given.idleTimeoutMs === undefined ? 'trust' : 'wait',
    allow: [],
    sharedAllow,
    pools: [],
    signal: null,
    ...definedOnly(rest),
    budget: { ...DEFAULTS.budget, ...definedOnly(budget ?? {}) },
  }
}

function definedOnly<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }
}

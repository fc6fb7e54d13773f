/** Options are resolved once, at the door: unknown keys and values out of bounds are refused with a pointer to what is right. */
import { z } from 'zod'
import { findLimitProfile, LIMIT_PROFILE_NAMES, nearestProfileName } from '../limits/profiles.ts'
import { HarnessError } from '../model/errors.ts'
import { type FindingCode, SEVERITY_OF } from '../model/finding.ts'
import { type Allowance, DEFAULTS, type FindLeaksOptions, type ResolvedOptions } from '../model/options.ts'
import { complaints } from './complaints.ts'

/** A timer beyond this fires at once in Node (2^31 - 1 ms). */
const MAX_TIMER_MS = 2_147_483_647
const durationMs = z.number().min(1).max(MAX_TIMER_MS)
const count = z.number().int().min(0)

const BUDGET = z.strictObject({ sockets: count.optional(), requests: count.optional(), handles: count.optional() })
const NO_REASON = 'it takes a reason, such as "the metrics exporter lives as long as the process"'
const NO_NAME = 'it takes an origin, a code or openedAt beside its reason: nothing given would match everything'
const ALLOWANCE = z
  .strictObject({
    origin: z.string().min(1).optional(),
    code: z.enum(Object.keys(SEVERITY_OF) as [FindingCode, ...FindingCode[]]).optional(),
    openedAt: z.string().min(1).optional(),
    because: z
      .string()
      .min(1)
      .refine((text) => text.trim() !== '', NO_REASON),
  })
  .refine(({ origin, code, openedAt }) => origin !== undefined || code !== undefined || openedAt !== undefined, NO_NAME)

/** The name of a limit profile; one that is not there gets the nearest that is. */
export const LIMIT_PROFILE = z.custom<string>((value) => typeof value === 'string' && findLimitProfile(value) !== null, {
  error: ({ input }) =>
    typeof input === 'string'
      ? `did you mean '${nearestProfileName(input)}'?`
      : `it takes the name of a limit profile: ${LIMIT_PROFILE_NAMES.join(', ')}`,
})

/** Each with its bounds; a configuration takes the same. */
export const OPTION_FIELDS = {
  idleTimeoutMs: durationMs.optional(),
  idleConnections: z.enum(['wait', 'trust', 'flush']).optional(),
  level: z.enum(['full', 'sampled', 'off']).optional(),
  iterations: z.number().int().min(1).max(100_000).optional(),
  warmUp: count.optional(),
  budget: BUDGET.optional(),
  allow: z.array(ALLOWANCE).optional(),
  pools: z.array(z.custom<object>((value) => typeof value === 'object' && value !== null, 'it takes an undici dispatcher')).optional(),
  forbidGcRescue: z.boolean().optional(),
  workTimeoutMs: durationMs.optional(),
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'it takes an AbortSignal').optional(),
  stallMs: durationMs.nullable().optional(),
  limits: LIMIT_PROFILE.optional(),
  judgeLimits: z.boolean().optional(),
  concurrent: z.literal('attribute').optional(),
}
const SCHEMA = z.strictObject(OPTION_FIELDS)

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
  const mistakes = complaints(SCHEMA, given, ALIASES)
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

/** What a configuration may say, and what its writer is told when it says something else. */
import * as v from 'valibot'
import { OWN_KINDS } from '../model/backend.ts'
import { type Judging, REPORT_FORMATS, type WatertightConfig } from '../model/config.ts'
import { HarnessError } from '../model/errors.ts'
import { complaints, noList } from '../session/complaints.ts'
import { either, nearest } from '../session/nearest.ts'
import { ALIASES, OPTION_FIELDS } from '../session/resolve-options.ts'

const { idleTimeoutMs, idleConnections, level, warmUp, workTimeoutMs, stallMs, budget, allow } = OPTION_FIELDS

const text = v.pipe(v.string(), v.minLength(1))
/** What a URL must be beyond this (loopback, an origin) is the door's to say: the same goes for the command line. */
const isBackend = (value: unknown): boolean =>
  typeof value === 'string' && (OWN_KINDS.some((kind) => kind === value) || /^https?:\/\/[^@]+$/.test(value))

const ANY_BACKEND = `it takes ${either([...OWN_KINDS.map((kind) => `'${kind}'`), 'an http URL without credentials (those come from AWS_* variables)'])}`

function anyBackendBut(given: unknown): string {
  const meant = typeof given === 'string' ? nearest(given, OWN_KINDS) : null
  return meant === null ? ANY_BACKEND : `${ANY_BACKEND}; did you mean '${meant}'?`
}

const SCHEMA = noList(
  v.strictObject({
    scenarios: v.optional(v.union([text, v.pipe(v.array(text), v.minLength(1))])),
    idleTimeoutMs,
    idleConnections,
    level,
    // `run --iterations` ends there, too: more of it is a typing error
    iterations: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1000))),
    warmUp,
    workTimeoutMs,
    stallMs,
    budget,
    allow,
    backend: v.optional(v.custom<string>(isBackend, ({ input }) => anyBackendBut(input))),
    require: v.optional(v.array(v.picklist(OWN_KINDS))),
    reporters: v.optional(v.array(v.picklist(REPORT_FORMATS))),
    output: v.optional(text),
  }),
)

/** Spellings people know from elsewhere. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  ...ALIASES,
  reporter: 'reporters',
  reports: 'reporters',
  include: 'scenarios',
  testMatch: 'scenarios',
  outputDir: 'output',
}

/** What of it says how work is judged. */
export function judgingOf(config: WatertightConfig): Judging {
  const names = ['idleTimeoutMs', 'idleConnections', 'level', 'warmUp', 'workTimeoutMs', 'stallMs', 'budget', 'allow'] as const
  return Object.fromEntries(names.flatMap((name) => (config[name] === undefined ? [] : [[name, config[name]]]))) as Judging
}

/** The whole configuration of `watertight.config.ts`, with its types: what it says is checked when it is read. */
export function defineConfig(config: WatertightConfig): WatertightConfig {
  return config
}

/**
 * A configuration as it was written, or not at all.
 * @param file how its writer knows it; begins every line of the error.
 * @throws {HarnessError} INVALID_CONFIG with every mistake: the field's path, what it takes, the nearest spelling.
 */
export function checkConfig(value: unknown, file: string): WatertightConfig {
  const mistakes = complaints(SCHEMA, value, OTHER_NAMES)
  if (mistakes.length === 0) return value as WatertightConfig
  throw new HarnessError(
    'INVALID_CONFIG',
    mistakes.map((mistake) => `${file}: ${mistake}`).join('\n  '),
    'nothing was run; docs/guides/config.md has every field',
  )
}

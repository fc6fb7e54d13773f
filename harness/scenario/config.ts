/** What a configuration may say, and what its writer is told when it says something else. */
import { z } from 'zod'
import { OWN_KINDS } from '../model/backend.ts'
import { type Judging, REPORT_FORMATS, type WatertightConfig } from '../model/config.ts'
import { HarnessError } from '../model/errors.ts'
import { complaints } from '../session/complaints.ts'
import { either } from '../session/nearest.ts'
import { ALIASES, OPTION_FIELDS } from '../session/resolve-options.ts'

const { idleTimeoutMs, idleConnections, level, warmUp, workTimeoutMs, stallMs, budget, allow } = OPTION_FIELDS

const text = z.string().min(1)
/** What a URL must be beyond this (loopback, an origin) is the door's to say: the same goes for the command line. */
const isBackend = (value: unknown): boolean =>
  typeof value === 'string' && (OWN_KINDS.some((kind) => kind === value) || /^https?:\/\/[^@]+$/.test(value))

const SCHEMA = z.strictObject({
  scenarios: z.union([text, z.array(text).min(1)]).optional(),
  idleTimeoutMs,
  idleConnections,
  level,
  // `run --iterations` ends there, too: more of it is a typing error
  iterations: z.number().int().min(1).max(1000).optional(),
  warmUp,
  workTimeoutMs,
  stallMs,
  budget,
  allow,
  backend: z
    .custom<string>(
      isBackend,
      `it takes ${either([...OWN_KINDS.map((kind) => `'${kind}'`), 'an http URL without credentials (those come from AWS_* variables)'])}`,
    )
    .optional(),
  require: z.array(z.enum(OWN_KINDS)).optional(),
  reporters: z.array(z.enum(REPORT_FORMATS)).optional(),
  output: text.optional(),
})

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

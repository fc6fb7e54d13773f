import { REPORT_FORMATS, type ReportFormat } from '../../model/config.ts'
import { HarnessError } from '../../model/errors.ts'
import type { JournalEntry, Timed } from '../../model/journal.ts'

/** First line of a journal. */
export interface JournalHead {
  readonly schema: 'watertight/journal@1'
  readonly runId: string
  /** ISO 8601. */
  readonly startedAt: string
  /** Where sources named in it are found. */
  readonly cwd: string
  /** Where its runner's pid means something (runners-place.ts). */
  readonly place: string
  /** The reports it was kept for. */
  readonly formats: readonly ReportFormat[]
}

export interface ReadJournal {
  readonly head: JournalHead
  readonly entries: readonly Timed<JournalEntry>[]
  /** Lines that say nothing: the one a crash or a full disk cut off. */
  readonly broken: number
}

const NAME = /^journal-(.+)\.ndjson$/

export const journalName = (runId: string): string => `journal-${runId}.ndjson`

/** The run whose journal has this file name; null: it is not a journal's. */
export const runOfJournal = (name: string): string | null => NAME.exec(name)?.[1] ?? null

/** Does this text begin like a journal? */
export const isJournal = (text: string): boolean => /^\{"schema":"watertight\/journal@/.test(text)

/**
 * Reads a journal. A line that was cut off is counted, not fatal: losing the run in progress is what a journal may lose.
 * @throws {HarnessError} INVALID_OPTION when it is none, or of another version.
 */
export function parseJournal(text: string): ReadJournal {
  const [first = '', ...rest] = text.split('\n')
  const head = parsed(first)
  if (!isHead(head))
    throw new HarnessError('INVALID_OPTION', 'it is no journal of this version: its first line has no schema "watertight/journal@1"')
  const lines = rest.filter((line) => line !== '').map(parsed)
  const entries = lines.filter(isEntry)
  return {
    head: { ...head, formats: head.formats.filter((format) => REPORT_FORMATS.includes(format)) },
    entries,
    broken: lines.length - entries.length,
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line, restored)
  } catch {
    return null
  }
}

/** JSON has no Infinity: a deadline that is none was written as null. */
const restored = (key: string, value: unknown): unknown => (key === 'deadlineMs' && value === null ? Number.POSITIVE_INFINITY : value)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isHead(value: unknown): value is JournalHead {
  return (
    isObject(value) &&
    value.schema === 'watertight/journal@1' &&
    [value.runId, value.startedAt, value.cwd, value.place].every((field) => typeof field === 'string') &&
    Array.isArray(value.formats)
  )
}

function isEntry(value: unknown): value is Timed<JournalEntry> {
  if (!isObject(value) || typeof value.atMs !== 'number') return false
  switch (value.type) {
    case 'begun':
      return isObject(value.tool) && isObject(value.environment)
    case 'planned':
      return Array.isArray(value.runs) && value.runs.every(isObject)
    case 'judged':
      return isObject(value.run)
    case 'skipped':
      return isObject(value.skipped)
    case 'ended':
      return value.stopped === null || typeof value.stopped === 'string'
    default:
      return false
  }
}

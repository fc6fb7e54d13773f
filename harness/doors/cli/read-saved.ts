import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as v from 'valibot'
import { HarnessError } from '../../model/errors.ts'
import type { RunRecord } from '../../model/run-record.ts'
import { recordOf } from '../../scenario/journal-record.ts'
import { isRunnerAlive } from '../../subjects/run-id.ts'
import { isJournal, parseJournal } from './journal-text.ts'
import { quoted } from './quoted.ts'
import { runnersPlace } from './runners-place.ts'

export interface Saved {
  readonly record: RunRecord
  /** Something to know about the file itself; null: it is whole. */
  readonly remark: string | null
}

const REMEDY = 'name a run.json that `watertight run` or `run --json` wrote, or a journal-....ndjson that a killed run left'

const refused = (file: string, why: string, remedy = REMEDY): HarnessError =>
  new HarnessError('INVALID_OPTION', `${file} cannot be reported: ${why}`, remedy)

/** Reads a saved run: a `watertight/run@1` document, or a journal. @throws {HarnessError} INVALID_OPTION, with the field where it is neither. */
export async function readSaved(file: string, cwd: string): Promise<Saved> {
  let text: string
  try {
    text = await readFile(resolve(cwd, file), 'utf8')
  } catch (error) {
    throw refused(file, error instanceof Error ? error.message : String(error))
  }
  return isJournal(text) ? savedJournal(text, file) : { record: await savedDocument(text, file), remark: null }
}

function savedJournal(text: string, file: string): Saved {
  const { head, entries, broken } = read(file, () => parseJournal(text))
  const isRunning = head.place === runnersPlace() && isRunnerAlive(head.runId)
  return {
    record: recordOf(entries, isRunning ? 'still running' : 'killed'),
    remark: broken === 0 ? null : `${file}: ${broken} of its lines cut off and left out`,
  }
}

function read<T>(file: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw refused(file, error instanceof Error ? error.message : String(error))
  }
}

async function savedDocument(text: string, file: string): Promise<RunRecord> {
  const document = read(file, () => JSON.parse(text) as unknown)
  const schema = isObject(document) ? document.schema : undefined
  if (schema !== 'watertight/run@1') {
    const what =
      schema === undefined ? 'it has no schema "watertight/run@1"' : `its schema is ${quoted(String(schema))}, not "watertight/run@1"`
    throw refused(file, what)
  }
  const { RUN_SCHEMA } = await import('../../../reports/schema/run-schema.ts')
  const issues = issuesAfterFilling(document, (each) => v.safeParse(RUN_SCHEMA, each).issues?.map(pathed) ?? [])
  const [first, ...more] = issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  if (first !== undefined) {
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`
    throw refused(
      file,
      `${first}${others}`,
      'it was changed by hand, or written by a later version; `npx watertight --version` tells this one',
    )
  }
  return restored(document as RunRecord)
}

interface Issue {
  readonly path: readonly string[]
  readonly message: string
}

const pathed = ({ path, message }: v.BaseIssue<unknown>): Issue => ({ path: path?.map(({ key }) => String(key)) ?? [], message })

/** A later version of the same schema adds fields (docs/reports.md): what an earlier one did not write yet is null, or where that does not do, empty or none. */
function issuesAfterFilling(document: unknown, check: (document: unknown) => readonly Issue[]): readonly Issue[] {
  let issues = check(document)
  const missing = issues.map(({ path }) => path).filter((path) => parentOf(document, path)?.[path.at(-1) ?? ''] === undefined)
  for (const emptyValue of [() => null, () => [], () => 0]) {
    // Also where it complains of what was filled in: an empty list is none of the objects that have fields.
    const stillWrong = missing.filter((path) => issues.some((issue) => path.every((key, at) => key === issue.path[at])))
    for (const path of stillWrong) {
      const parent = parentOf(document, path)
      if (parent !== null) parent[path.at(-1) ?? ''] = emptyValue()
    }
    issues = check(document)
  }
  return issues
}

function parentOf(document: unknown, path: readonly string[]): Record<string, unknown> | null {
  let at = document
  for (const key of path.slice(0, -1)) {
    if (!isObject(at)) return null
    at = at[key]
  }
  return isObject(at) ? at : null
}

/** Arrays as well: their elements are properties. */
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** JSON has no Infinity: a deadline that is none was written as null. */
function restored(record: RunRecord): RunRecord {
  return { ...record, runs: record.runs.map((run) => ({ ...run, deadlineMs: run.deadlineMs ?? Number.POSITIVE_INFINITY })) }
}

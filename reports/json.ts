import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'

/** C1 controls are legal in JSON but U+009B steers a terminal; escaped they mean the same. */
const C1_CONTROLS = /[\u007f-\u009f]/g

/** An array that holds numbers and nulls only; a JSON string never holds a line break, so this cannot match inside one. */
const NUMBERS_ONLY = /\[\n\s+((?:(?:-?[\d.eE+-]+|null),?\s+)+)\]/g

function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Optional fields of a declaration are written out: a field that does not apply is null or empty, never missing. */
function complete(run: ScenarioRun): object {
  const { expected } = run
  const full = expected && { verdict: expected.verdict, codes: expected.codes ?? [], blockedAtRequest: expected.blockedAtRequest ?? null }
  return { ...run, expected: full }
}

/** `watertight/run@1` of product.md; the same record gives the same text, and Infinity or NaN is null (as JSON has it). */
export function renderJson(record: RunRecord): string {
  return toJson({ ...record, runs: record.runs.map(complete) })
}

/** JSON for people and programs: two spaces, rows of numbers on one line, trailing newline. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(
    value,
    (key, field: unknown) => (field === undefined ? null : key === 'byState' ? sorted(field as Readonly<Record<string, number>>) : field),
    2,
  )
  return `${text
    .replace(NUMBERS_ONLY, (_match, numbers: string) => `[${numbers.trim().replace(/,\s+/g, ', ')}]`)
    .replace(C1_CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}

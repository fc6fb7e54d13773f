import { comparisonText } from '../../../reports/comparison-text.ts'
import { renderJson } from '../../../reports/json.ts'
import { noticeOf } from '../../../reports/notice.ts'
import { paintFor } from '../../../reports/paint.ts'
import { renderText } from '../../../reports/text.ts'
import type { RunRecord } from '../../model/run-record.ts'
import { compareRecords } from '../../scenario/compare-records.ts'
import { mergeRecords, type NamedRecord } from '../../scenario/merge-records.ts'
import { newRunId } from '../../subjects/run-id.ts'
import { EXIT } from './exit-code.ts'
import { type Io, print, tell, terminalWidth, wantsColour } from './io.ts'
import { openOutputFolder } from './output-folder.ts'
import { readSaved } from './read-saved.ts'
import type { ReportArguments } from './report-arguments.ts'
import { tellReports } from './report-files.ts'
import { sourceReader } from './source-reader.ts'

async function read(file: string, io: Io): Promise<NamedRecord> {
  const { record, remark } = await readSaved(file, io.cwd)
  if (remark !== null) await tell(io, `${remark}\n`)
  return { name: file, record }
}

/** `watertight report`: resolves to the exit code: 0 when it could be made, whatever it says; --against and files that could not be written make it 1 or 2. */
export async function reportCommand(parsed: ReportArguments, io: Io): Promise<number> {
  const inputs: NamedRecord[] = []
  for (const file of parsed.files) inputs.push(await read(file, io))
  const record = mergeRecords(inputs)
  const base = parsed.against === null ? null : await read(parsed.against, io)
  let isWritten = true
  if (parsed.reporter.length > 0) {
    const folder = await openOutputFolder(parsed.output, io.cwd, newRunId())
    isWritten = await tellReports({ record, formats: parsed.reporter, folder, cwd: io.cwd }, io)
  }
  const code = base === null ? await show(record, parsed, io) : await compare(record, base, parsed, io)
  return code === EXIT.ok && !isWritten ? EXIT.inconclusive : code
}

async function show(record: RunRecord, { json }: ReportArguments, io: Io): Promise<number> {
  const width = terminalWidth(io.stdout) ?? Number.POSITIVE_INFINITY
  const options = { colour: wantsColour(io.stdout, io.env), width, readSource: sourceReader(io.cwd), notice: noticeOf(record) }
  await print(io, json ? renderJson(record) : renderText(record, options))
  return EXIT.ok
}

/** The comparison takes the place of the report; with --json, which is the record's, it goes to stderr. */
async function compare(record: RunRecord, base: NamedRecord, { json }: ReportArguments, io: Io): Promise<number> {
  const comparison = compareRecords(base.record, record)
  const text = comparisonText(comparison, base.name, paintFor(wantsColour(json ? io.stderr : io.stdout, io.env)))
  if (json) {
    await tell(io, text)
    await print(io, renderJson(record))
  } else {
    await print(io, text)
  }
  if (comparison.runs.some(({ change }) => change === 'worse')) return EXIT.unexpected
  return comparison.missing.length > 0 ? EXIT.inconclusive : EXIT.ok
}

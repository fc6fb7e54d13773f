import { renderJson } from '../../../reports/json.ts'
import { oneLine } from '../../../reports/neutralise.ts'
import { noticeOf } from '../../../reports/notice.ts'
import { renderText } from '../../../reports/text.ts'
import type { ReportFormat } from '../../model/config.ts'
import type { RunRecord } from '../../model/run-record.ts'
import { type Io, tell } from './io.ts'
import type { OutputFolder } from './output-folder.ts'
import { sourceReader } from './source-reader.ts'

/** Where a format goes; `mark` tells the reports of one run from those of the latest. */
const FILE_OF: Readonly<Record<ReportFormat, (mark: string) => string>> = {
  text: (mark) => `run${mark}.txt`,
  json: (mark) => `run${mark}.json`,
  html: (mark) => `run${mark}.html`,
  junit: (mark) => `junit${mark}.xml`,
  openmetrics: (mark) => `run${mark}.prom`,
  markdown: (mark) => `run${mark}.md`,
  github: (mark) => `annotations${mark}.txt`,
}

async function rendered(record: RunRecord, format: ReportFormat, cwd: string): Promise<string> {
  const readSource = sourceReader(cwd)
  const notice = noticeOf(record)
  switch (format) {
    case 'text':
      return renderText(record, { colour: false, width: Number.POSITIVE_INFINITY, readSource, notice })
    case 'json':
      return renderJson(record)
    // these bring libraries along that no other command should wait for
    case 'html':
      return (await import('../../../reports/html/page.ts')).renderHtml(record, { readSource, notice })
    case 'junit':
      return (await import('../../../reports/junit.ts')).renderJunit(record, { readSource })
    case 'openmetrics':
      return (await import('../../../reports/openmetrics.ts')).renderOpenMetrics(record)
    case 'markdown':
      return (await import('../../../reports/markdown.ts')).renderMarkdown(record, notice)
    case 'github':
      return (await import('../../../reports/github.ts')).renderGithub(record)
  }
}

export interface ReportRequest {
  readonly record: RunRecord
  readonly formats: readonly ReportFormat[]
  readonly folder: OutputFolder
  /** Where sources named in the record are found. */
  readonly cwd: string
  /** In the file names, `-20260924T120311-a1b2c3` for example; empty: the latest report. */
  readonly mark?: string
}

interface Written {
  /** Paths as given. */
  readonly files: readonly string[]
  /** What could not be written, and why. */
  readonly failures: readonly string[]
}

/** Renders and writes. A format that cannot be written does not keep the others from it: a full disk may have room for a smaller one. */
export async function writeReports({ record, formats, folder, cwd, mark = '' }: ReportRequest): Promise<Written> {
  const files: string[] = []
  const failures: string[] = []
  for (const format of formats) {
    const name = FILE_OF[format](mark)
    const text = await rendered(record, format, cwd)
    try {
      files.push(await folder.write(name, text))
    } catch (error) {
      failures.push(`${name} cannot be written to ${folder.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { files, failures }
}

/** The same, told on stderr; a failure costs nothing else. Answers whether all were written. */
export async function tellReports(request: ReportRequest, io: Pick<Io, 'stderr'>): Promise<boolean> {
  const { files, failures } = await writeReports(request)
  if (files.length > 0) await tell(io, `report: ${files.join(', ')}\n`)
  // GitHub takes its commands from what a step prints; on stderr, because stdout may be a JSON document.
  if (request.formats.includes('github')) await tell(io, await rendered(request.record, 'github', request.cwd))
  for (const failure of failures) await tell(io, `watertight: ${oneLine(failure)}\n`)
  return failures.length === 0
}

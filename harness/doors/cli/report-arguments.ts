import { type Command, Option } from 'commander'
import { REPORT_FORMATS, type ReportFormat, type WatertightConfig } from '../../model/config.ts'
import { outputOption } from './config-option.ts'
import { REPORT_HELP } from './help-text.ts'
import { choices } from './option-values.ts'

export interface ReportFiles {
  /** What to write to the output folder; empty: nothing. */
  readonly reporter: readonly ReportFormat[]
  readonly output: string
}

export interface ReportArguments extends ReportFiles {
  readonly command: 'report'
  /** Saved runs: run.json files and journals; from 1. */
  readonly files: readonly string[]
  /** The saved run to hold these against; null: none. */
  readonly against: string | null
  readonly json: boolean
}

type ReportOptions = Partial<Pick<ReportArguments, 'reporter' | 'output' | 'against' | 'json'>>

/** --reporter and --output of the commands that write files only when asked. */
export function addReportFiles(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--reporter <formats>',
        'comma list of text, json, html, junit, openmetrics, markdown, github: what to write to the output folder (default: nothing; with --output text,json,html)',
      ).argParser(choices('--reporter', REPORT_FORMATS)),
    )
    .addOption(outputOption())
}

type Given = { readonly reporter?: readonly ReportFormat[]; readonly output?: string }

/** A configuration says where files go, not that there are any: its `reporters` are those of `run`. */
export function reportFilesOf(options: Given, { output }: Pick<WatertightConfig, 'output'> = {}): ReportFiles {
  return {
    reporter: options.reporter ?? (options.output === undefined ? [] : ['text', 'json', 'html']),
    output: options.output ?? output ?? 'reports/out',
  }
}

export function addReport(program: Command, take: (parsed: ReportArguments) => void): void {
  const command = program
    .command('report')
    .summary('render saved runs, merge shards, compare with an earlier run')
    .description(
      'Renders saved runs in any format. Several are merged into one report: the shards of a run. With --against they are compared with an earlier one.',
    )
    .argument('<file...>', 'run.json files, and journals that killed runs left')
    .option('--against <file>', 'compare with this saved run: exit 1 when a run is worse, 2 when one is missing')
    .option('--json', 'print the merged record as one JSON document (watertight/run@1) instead of the text')
  addReportFiles(command)
    .addHelpText('after', REPORT_HELP)
    .action((files: string[], options: ReportOptions) => {
      take({
        command: 'report',
        files,
        ...reportFilesOf(options),
        against: options.against ?? null,
        json: options.json ?? false,
      })
    })
}

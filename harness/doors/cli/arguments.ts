import { Command, CommanderError, Option } from 'commander'
import { OWN_KINDS, type OwnKind } from '../../model/backend.ts'
import { REPORT_FORMATS, type ReportFormat, type WatertightConfig } from '../../model/config.ts'
import type { VariantName } from '../../model/run-record.ts'
import { type AttachArguments, addAttach } from './attach-arguments.ts'
import { configOption, outputOption } from './config-option.ts'
import { addExec, type ExecArguments } from './exec-arguments.ts'
import { DOCTOR_HELP, INIT_HELP, LIST_HELP, PROGRAM_HELP, RUN_HELP } from './help-text.ts'
import { addLimits, type LimitsArguments } from './limits/limits-arguments.ts'
import { misuse } from './misuse.ts'
import { choice, choices, durationMs, wholeNumber } from './option-values.ts'
import { addReport, type ReportArguments } from './report-arguments.ts'

export interface RunArguments {
  readonly command: 'run'
  /** File of the configuration; null: the one of the working directory, if it has one. */
  readonly config: string | null
  /** Empty: all. */
  readonly scenarios: readonly string[]
  readonly variant: VariantName | 'both'
  /** As written; null: every backend that answers. */
  readonly backend: string | null
  readonly require: readonly OwnKind[]
  readonly iterations: number
  readonly reporter: readonly ReportFormat[]
  readonly output: string
  readonly json: boolean
  readonly bail: boolean
  readonly allowRemote: boolean
  readonly workTimeoutMs: number
  /** Null: each scenario's own. */
  readonly idleTimeoutMs: number | null
}

export interface ListArguments {
  readonly command: 'list'
  readonly config: string | null
  readonly json: boolean
}

export interface DoctorArguments {
  readonly command: 'doctor'
  readonly config: string | null
  readonly require: readonly OwnKind[]
  readonly json: boolean
}

export interface InitArguments {
  readonly command: 'init'
  /** Overwrite what is there. */
  readonly force: boolean
}

/** What was asked for; `help`: the text that --help, --version or help is answered with. */
export type Arguments =
  | RunArguments
  | ListArguments
  | ExecArguments
  | AttachArguments
  | DoctorArguments
  | InitArguments
  | ReportArguments
  | LimitsArguments
  | { readonly command: 'help'; readonly text: string }

/** A run longer than a day, or one of which each part may take an hour, is a typing error. */
const IDLE_BOUNDS = { leastMs: 1, mostMs: 24 * 3_600_000 }
const WORK_BOUNDS = { leastMs: 100, mostMs: 3_600_000 }
const MOST_ITERATIONS = 1000

type RunOptions = Partial<Omit<RunArguments, 'command' | 'scenarios' | 'workTimeoutMs' | 'idleTimeoutMs'>> & {
  readonly workTimeout?: number
  readonly idleTimeout?: number
}

function addRun(program: Command, config: WatertightConfig, take: (parsed: Arguments) => void): void {
  program
    .command('run')
    .summary('run scenarios and judge what they leave open')
    .description('Runs scenarios (all by default), each variant in a process of its own, and judges what is still open that should not be.')
    .argument('[scenario...]', 'names, as `watertight list` shows them')
    .addOption(
      new Option('--variant <leaky|fixed|both>', 'which variants (default: both)').argParser(
        choice('--variant', ['leaky', 'fixed', 'both']),
      ),
    )
    .option('--backend <kind|url>', `only this backend: ${OWN_KINDS.join(', ')} or a URL (default: every one that answers)`)
    .addOption(
      new Option('--require <backends>', 'comma list: exit 2 when one of these could not run').argParser(choices('--require', OWN_KINDS)),
    )
    .addOption(
      new Option('--iterations <n>', 'repeat the work of each run; growth is judged from 3 on (default: 1)').argParser(
        wholeNumber('--iterations', { least: 1, most: MOST_ITERATIONS }),
      ),
    )
    .addOption(
      new Option(
        '--idle-timeout <duration>',
        "replaces each scenario's own contract: back at the baseline this long after the work ends",
      ).argParser(durationMs('--idle-timeout', IDLE_BOUNDS)),
    )
    .addOption(
      new Option('--work-timeout <duration>', 'work that takes longer is WORK_HUNG (default: 60s)').argParser(
        durationMs('--work-timeout', WORK_BOUNDS),
      ),
    )
    .option('--bail', 'stop after the first run that is not as declared')
    .option('--allow-remote', 'let --backend <url> name a machine other than this one')
    .option('--json', 'print one JSON document (watertight/run@1) instead of the text')
    .addOption(
      new Option(
        '--reporter <formats>',
        'comma list of text, json, html, junit, openmetrics, markdown, github: what to write to the output folder (default: text,json,html)',
      ).argParser(choices('--reporter', REPORT_FORMATS)),
    )
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', RUN_HELP)
    .action((scenarios: string[], options: RunOptions) => {
      take({
        command: 'run',
        config: options.config ?? null,
        scenarios: [...new Set(scenarios)],
        variant: options.variant ?? 'both',
        backend: options.backend ?? config.backend ?? null,
        require: options.require ?? config.require ?? [],
        iterations: options.iterations ?? config.iterations ?? 1,
        reporter: options.reporter ?? config.reporters ?? ['text', 'json', 'html'],
        output: options.output ?? config.output ?? 'reports/out',
        json: options.json ?? false,
        bail: options.bail ?? false,
        allowRemote: options.allowRemote ?? false,
        workTimeoutMs: options.workTimeout ?? config.workTimeoutMs ?? 60_000,
        idleTimeoutMs: options.idleTimeout ?? null,
      })
    })
}

function addList(program: Command, take: (parsed: Arguments) => void): void {
  program
    .command('list')
    .summary('list the scenarios')
    .description('Lists the scenarios: layer, client, backends, and what each shows.')
    .option('--json', 'print one JSON document (watertight/list@1) instead of the table')
    .addOption(configOption())
    .addHelpText('after', LIST_HELP)
    .action((options: { readonly json?: boolean; readonly config?: string }) =>
      take({ command: 'list', config: options.config ?? null, json: options.json ?? false }),
    )
}

function addDoctor(program: Command, take: (parsed: Arguments) => void): void {
  program
    .command('doctor')
    .summary('check what this machine has, and how to fix what it has not')
    .description(
      'Checks Node, the kernel view, permissions, limits, the container engine, MinIO and the configuration, and says how to fix each.',
    )
    .addOption(
      new Option('--require <backends>', 'comma list: without one of these it is not ready, and the exit code is 2').argParser(
        choices('--require', OWN_KINDS),
      ),
    )
    .option('--json', 'print one JSON document (watertight/doctor@1) instead of the text')
    .addOption(configOption())
    .addHelpText('after', DOCTOR_HELP)
    .action((options: Partial<Omit<DoctorArguments, 'command'>>) =>
      take({ command: 'doctor', config: options.config ?? null, require: options.require ?? [], json: options.json ?? false }),
    )
}

function addInit(program: Command, take: (parsed: Arguments) => void): void {
  program
    .command('init')
    .summary('write a configuration and a first scenario')
    .description(
      'Writes a commented watertight.config.ts and a first scenario for your service into the working directory. Both run as they are.',
    )
    .option('--force', 'overwrite what is there')
    .addHelpText('after', INIT_HELP)
    .action((options: { readonly force?: boolean }) => take({ command: 'init', force: options.force ?? false }))
}

export interface Reading {
  readonly version: string
  /** Of help texts. */
  readonly width: number
  /** What holds where the command line says nothing; the defaults hold where this is silent, too. */
  readonly config: WatertightConfig
}

/** Reads a command line. Throws HarnessError for what it does not understand. */
export function parseArguments(argv: readonly string[], reading: Reading): Arguments {
  const { version, width, config } = reading
  let parsed: Arguments | null = null
  let shown = ''
  const take = (found: Arguments): void => {
    parsed = found
  }
  const program = new Command('watertight')
    .description('What is still open that should not be, who opened it, and how to fix it.')
    .version(version, '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        shown += text
      },
      // complaints come back as errors
      writeErr: () => {},
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
      getOutHasColors: () => false,
    })
    .addHelpText('after', PROGRAM_HELP)
  addRun(program, config, take)
  addList(program, take)
  addExec(program, config, take)
  addAttach(program, config, take)
  addDoctor(program, take)
  addInit(program, take)
  addReport(program, take)
  addLimits(program, take)
  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Of `help foo` commander does not say that there is no foo; of `foo` it does.
    const at = argv.indexOf('help')
    if (error.exitCode !== 0 && error.code === 'commander.help' && at !== -1 && at + 1 < argv.length)
      return parseArguments(argv.toSpliced(at, 1), reading)
    if (error.exitCode !== 0) throw misuse(error, argv)
  }
  return parsed ?? { command: 'help', text: shown }
}

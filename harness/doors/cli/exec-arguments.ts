import { type Command, Option } from 'commander'
import type { WatertightConfig } from '../../model/config.ts'
import { HarnessError } from '../../model/errors.ts'
import type { Allowance, Budget } from '../../model/options.ts'
import { configOption } from './config-option.ts'
import { EXEC_HELP } from './exec-help.ts'
import { durationMs, wholeNumber } from './option-values.ts'
import { addReportFiles, type ReportFiles, reportFilesOf } from './report-arguments.ts'

export interface ExecArguments extends ReportFiles {
  readonly command: 'exec'
  readonly config: string | null
  /** The program and its arguments, as given. */
  readonly program: string
  readonly args: readonly string[]
  /** Path or URL; null: whoever comes is the load. */
  readonly load: string | null
  readonly ready: string | null
  readonly connections: number
  readonly loadDurationMs: number
  /** Null: the default, and a service's idle pools are trusted. */
  readonly idleTimeoutMs: number | null
  readonly idleAfterMs: number
  readonly timeoutMs: number
  readonly repeat: number
  readonly explain: boolean
  readonly json: boolean
  /** Of the configuration: there is no room for reasons on a command line. */
  readonly allow: readonly Allowance[]
  readonly budget: Budget
}

const MOST_CONNECTIONS = 10_000
const MOST_RUNS = 1_000
const DAY_MS = 24 * 3_600_000

type ExecOptions = Partial<
  Pick<ExecArguments, 'load' | 'ready' | 'connections' | 'repeat' | 'explain' | 'json' | 'reporter' | 'output'>
> & {
  readonly config?: string
  readonly duration?: number
  readonly idleTimeout?: number
  readonly idleAfter?: number
  readonly timeout?: number
}

const time = (option: string, flag: string, says: string, leastMs: number): Option =>
  new Option(flag, says).argParser(durationMs(option, { leastMs, mostMs: DAY_MS }))

/** What only a load makes use of is not ignored without one. */
function refuseWithoutLoad({ load, ready, connections, duration }: ExecOptions): void {
  const given = { '--ready': ready, '--connections': connections, '--duration': duration }
  const [option] = Object.entries(given).find(([, value]) => value !== undefined) ?? []
  if (load === undefined && option !== undefined)
    throw new HarnessError('INVALID_OPTION', `${option} is about the load, and there is no --load`, 'add --load <path>')
}

export function addExec(program: Command, config: WatertightConfig, take: (parsed: ExecArguments) => void): void {
  const command = program
    .command('exec')
    .summary('run your own program and judge it when it ends, hangs, or is idle again')
    .description(
      'Runs any program, unchanged, and judges what it left open when it ends, hangs, or has served requests and is idle again. What it starts counts too.',
    )
    .usage('[options] -- <command...>')
    .argument('<command...>', 'the program and its arguments, after --')
    .option('--load <path|url>', 'send requests there with autocannon as soon as the program listens')
    .option('--ready <path|url>', 'with --load: begin when this answers with 2xx')
    .addOption(
      new Option('--connections <n>', 'with --load: its connections (default: 10)').argParser(
        wholeNumber('--connections', { least: 1, most: MOST_CONNECTIONS }),
      ),
    )
    .addOption(time('--duration', '--duration <duration>', 'with --load: how long it lasts (default: 5s)', 1_000))
    .addOption(
      time(
        '--idle-timeout',
        '--idle-timeout <duration>',
        'the contract of a service: back at the baseline so long after its last answer (default: 6s, and idle pools may stay)',
        1,
      ),
    )
    .addOption(time('--idle-after', '--idle-after <duration>', 'idle is: nothing in flight and nothing new for so long (default: 1s)', 100))
    .addOption(time('--timeout', '--timeout <duration>', 'a program that runs longer is WORK_HUNG (default: 5m)', 100))
    .addOption(
      new Option('--repeat <n>', 'run it n times; all runs must agree (default: 1)').argParser(
        wholeNumber('--repeat', { least: 1, most: MOST_RUNS }),
      ),
    )
    .option(
      '--explain',
      'after WORK_HUNG, or where a request has no line: run it once more and show the async stacks of what keeps it alive, or the line that led to the request',
    )
    .option('--json', "print one JSON document (watertight/run@1) on stdout; the program's own stdout goes to stderr")
    .addOption(configOption())
  addReportFiles(command)
    .addHelpText('after', EXEC_HELP)
    .action(([name = '', ...args]: string[], options: ExecOptions) => {
      refuseWithoutLoad(options)
      take({
        command: 'exec',
        config: options.config ?? null,
        program: name,
        args,
        load: options.load ?? null,
        ready: options.ready ?? null,
        connections: options.connections ?? 10,
        loadDurationMs: options.duration ?? 5_000,
        idleTimeoutMs: options.idleTimeout ?? config.idleTimeoutMs ?? null,
        idleAfterMs: options.idleAfter ?? 1_000,
        timeoutMs: options.timeout ?? 300_000,
        repeat: options.repeat ?? 1,
        explain: options.explain ?? false,
        json: options.json ?? false,
        allow: config.allow ?? [],
        budget: config.budget ?? {},
        ...reportFilesOf(options, config),
      })
    })
}

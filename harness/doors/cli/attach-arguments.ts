import { type Command, Option } from 'commander'
import type { WatertightConfig } from '../../model/config.ts'
import { HarnessError } from '../../model/errors.ts'
import type { Allowance, Budget } from '../../model/options.ts'
import { checkGoroutinesUrl } from '../../probes/goroutines.ts'
import { ATTACH_HELP } from './attach-help.ts'
import { configOption } from './config-option.ts'
import { durationMs } from './option-values.ts'
import { quoted } from './quoted.ts'

/** One word of the command line: `4711`, `my-minio`, `proxy=4711`. */
export interface Whom {
  /** The layer it was given; null: none. */
  readonly name: string | null
  readonly whom: { readonly pid: number } | { readonly container: string }
}

export interface AttachArguments {
  readonly command: 'attach'
  readonly config: string | null
  readonly whom: readonly Whom[]
  /** Where they tell their goroutines, by position of the word or by its layer's name. */
  readonly goroutines: readonly { readonly name: string | null; readonly url: URL }[]
  readonly live: boolean
  readonly json: boolean
  readonly inspect: boolean
  readonly idleTimeoutMs: number | null
  readonly shownIdleMs: number | null
  readonly forMs: number | null
  readonly allow: readonly Allowance[]
  readonly budget: Budget
}

interface AttachOptions {
  readonly live?: boolean
  readonly json?: boolean
  readonly inspect?: boolean
  readonly idleTimeout?: number
  readonly shownIdle?: number
  readonly for?: number
  readonly goroutines?: AttachArguments['goroutines']
  readonly config?: string
}

const DAY_MS = 24 * 3_600_000
/** Below it three looks do not fit. */
const LEAST_FOR_MS = 1_000

const time = (option: string, flag: string, says: string, leastMs = 1): Option =>
  new Option(flag, says).argParser(durationMs(option, { leastMs, mostMs: DAY_MS }))

/** Linux gives pids up to 2^22 (kernel.pid_max). */
const MOST_PID = 4_194_304

/** A number is a pid, anything else a container. */
export function whomOf(word: string): Whom {
  const [, name = null, target = word] = /^([^=]+)=(.*)$/s.exec(word) ?? []
  if (/^-?\d+$/.test(target) && target.length < 12) {
    const pid = Number(target)
    if (pid >= 1 && pid <= MOST_PID) return { name, whom: { pid } }
    throw new HarnessError(
      'INVALID_OPTION',
      `${quoted(word)} is no pid: these are numbers from 1 to ${MOST_PID}`,
      'find it with pgrep or ps',
    )
  }
  // What Docker takes for a name, or an id.
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(target)) return { name, whom: { container: target } }
  throw new HarnessError(
    'INVALID_OPTION',
    `${quoted(word)} is neither a pid nor the name of a container`,
    'for example watertight attach 4711, or watertight attach my-minio, or with layers: proxy=4711 target=4712',
  )
}

function addGoroutines(text: string, before: AttachArguments['goroutines'] = []): AttachArguments['goroutines'] {
  const [, name = null, url = text] = /^([^=/:]+)=(.*)$/s.exec(text) ?? []
  return [...before, { name, url: checkGoroutinesUrl('--goroutines', url) }]
}

export function addAttach(program: Command, config: WatertightConfig, take: (parsed: AttachArguments) => void): void {
  program
    .command('attach')
    .summary('look at running processes and containers from outside, and judge what they hold open')
    .description(
      'Looks at running or hung processes and containers that nobody prepared, from outside only: nothing is loaded into them and nothing is stopped.',
    )
    .argument('<pid|container...>', 'whom to look at; name=... gives a layer its name')
    .addOption(
      time(
        '--idle-timeout',
        '--idle-timeout <duration>',
        'the contract: idle connections are gone so long after their last byte (default: 6s)',
      ),
    )
    .addOption(
      time('--for', '--for <duration>', 'how long to look (default: until all is decided, a little beyond --idle-timeout)', LEAST_FOR_MS),
    )
    .addOption(
      time('--shown-idle', '--shown-idle <duration>', 'the idle timeout that the configuration shows: the measured one is held against it'),
    )
    .addOption(
      new Option('--goroutines <[layer=]url>', 'ask there for goroutines, at most once a second: /metrics or pprof; repeatable').argParser(
        addGoroutines,
      ),
    )
    .option('--live', 'keep watching and show the counts, until Ctrl-C or --for')
    .option('--inspect', 'of a Node process that hangs: open its inspector by SIGUSR1, name the line, close it again')
    .option('--json', 'print one JSON document (watertight/run@1), one run for each layer')
    .addOption(configOption())
    .addHelpText('after', ATTACH_HELP)
    .action((words: string[], options: AttachOptions) => {
      const whom = words.map(whomOf)
      const goroutines = options.goroutines ?? []
      checkLayers(whom, goroutines)
      take({
        command: 'attach',
        config: options.config ?? null,
        whom,
        goroutines,
        live: options.live ?? false,
        json: options.json ?? false,
        inspect: options.inspect ?? false,
        idleTimeoutMs: options.idleTimeout ?? config.idleTimeoutMs ?? null,
        shownIdleMs: options.shownIdle ?? null,
        forMs: options.for ?? null,
        allow: config.allow ?? [],
        budget: config.budget ?? {},
      })
    })
}

/** Each layer once, and goroutines only of a layer that is watched. */
function checkLayers(whom: readonly Whom[], goroutines: AttachArguments['goroutines']): void {
  const names = whom.map(({ name, whom: target }) => name ?? ('pid' in target ? `pid ${target.pid}` : target.container))
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined)
    throw new HarnessError('INVALID_OPTION', `${quoted(twice)} is named twice`, 'name each process and each layer once')
  const layers = whom.flatMap(({ name }) => name ?? [])
  const stray = goroutines.find(({ name }) => (name === null ? whom.length > 1 : !layers.includes(name)))
  if (stray === undefined) return
  const known = layers.length === 0 ? 'none has a name' : `the layers are ${layers.join(', ')}`
  throw new HarnessError(
    'INVALID_OPTION',
    stray.name === null
      ? '--goroutines does not say whose they are, and several are watched'
      : `--goroutines names the layer ${quoted(stray.name)}, and ${known}`,
    'for example watertight attach proxy=4711 target=4712 --goroutines target=http://127.0.0.1:6060',
  )
}

import { type Command, Option } from 'commander'
import { LIMIT_TARGETS, type LimitTarget } from '../../../limits/map-onto.ts'
import { LIMIT_PROFILE_NAMES, type LimitProfileName } from '../../../limits/profiles.ts'
import type { LimitOptions } from '../../../limits/read-options.ts'
import { HarnessError } from '../../../model/errors.ts'
import { LIMITS_SHOW_HELP } from '../help-text.ts'
import { choice, durationMs } from '../option-values.ts'
import { quoted } from '../quoted.ts'
import { LIMITS_CHECK_HELP, LIMITS_HELP } from './limits-help.ts'

/** One place in the chain: a profile and what is set otherwise. */
export interface PlaceArguments {
  readonly profile: LimitProfileName | null
  readonly options: LimitOptions
}

export interface CheckArguments {
  readonly command: 'limits'
  readonly action: 'check'
  readonly client: PlaceArguments
  /** What the client is to keep; null: its own defaults. */
  readonly keep: LimitProfileName | null
  readonly proxy: PlaceArguments
  readonly proxyClient: PlaceArguments
  readonly server: PlaceArguments
  /** A server to ask; null: none. */
  readonly url: string | null
  /** Wait so long for it to close an idle connection; null: take its word. */
  readonly measureMs: number | null
  readonly allowRemote: boolean
  readonly json: boolean
}

export type LimitsArguments =
  | { readonly command: 'limits'; readonly action: 'list'; readonly json: boolean }
  | { readonly command: 'limits'; readonly action: 'show'; readonly profile: LimitProfileName; readonly json: boolean }
  | {
      readonly command: 'limits'
      readonly action: 'for'
      readonly target: LimitTarget
      /** Null: the client as it comes. */
      readonly profile: LimitProfileName | null
      readonly json: boolean
    }
  | CheckArguments

/** Longest a server may be watched: nobody sits before a terminal for longer. */
const MEASURE_BOUNDS = { leastMs: 100, mostMs: 10 * 60_000 }

/** `name=value`, more than once; the value is read by whoever knows the option. */
const pair =
  (option: string) =>
  (text: string, before: LimitOptions = {}): LimitOptions => {
    const at = text.indexOf('=')
    if (at < 1)
      throw new HarnessError(
        'INVALID_OPTION',
        `${option} got ${quoted(text)}: it takes name=value`,
        `for example ${option} keepAliveTimeout=6000`,
      )
    return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
  }

const profileOf = (option: string) => choice(option, LIMIT_PROFILE_NAMES)

type CheckOptions = {
  readonly client?: LimitProfileName
  readonly clientOption?: LimitOptions
  readonly profile?: LimitProfileName
  readonly proxy?: LimitProfileName
  readonly proxyOption?: LimitOptions
  readonly proxyClient?: LimitProfileName
  readonly proxyClientOption?: LimitOptions
  readonly server?: LimitProfileName
  readonly serverOption?: LimitOptions
  readonly url?: string
  readonly measure?: number
  readonly allowRemote?: boolean
  readonly json?: boolean
}

function addCheck(limits: Command, take: (parsed: LimitsArguments) => void): void {
  const command = limits
    .command('check')
    .summary('what is wrong between a client, a proxy and a server, before anything runs')
    .description(
      'Holds the limits of a client against those of its server, and of a proxy between them: a race for idle connections, contradictions, timeouts that are missing or cannot fire.',
    )
  const place = (flag: string, about: string): void => {
    command.addOption(new Option(`--${flag} <profile>`, about).argParser(profileOf(`--${flag}`)))
    command.addOption(
      new Option(`--${flag}-option <name=value>`, 'one of its options, in its own spelling; may be repeated').argParser(
        pair(`--${flag}-option`),
      ),
    )
  }
  place('client', 'who asks')
  command.addOption(
    new Option('--profile <profile>', 'what the client is to keep: knobs it has no option for are LIMIT_UNENFORCED').argParser(
      profileOf('--profile'),
    ),
  )
  place('proxy', 'what stands between, as the client sees it: the profile of a server')
  place('proxy-client', 'the same proxy as the server sees it: the profile of a client')
  place('server', 'who answers')
  command
    .option('--url <url>', 'ask a running server for its Keep-Alive hint instead of, or beside, --server')
    .addOption(
      new Option('--measure <duration>', 'with --url: wait so long for it to close an idle connection').argParser(
        durationMs('--measure', MEASURE_BOUNDS),
      ),
    )
    .option('--allow-remote', 'let --url name a machine other than this one')
    .option('--json', 'print one JSON document (watertight/limits-check@1) instead of the text')
    .addHelpText('after', LIMITS_CHECK_HELP)
    .action((options: CheckOptions) =>
      take({
        command: 'limits',
        action: 'check',
        client: { profile: options.client ?? null, options: options.clientOption ?? {} },
        keep: options.profile ?? null,
        proxy: { profile: options.proxy ?? null, options: options.proxyOption ?? {} },
        proxyClient: { profile: options.proxyClient ?? null, options: options.proxyClientOption ?? {} },
        server: { profile: options.server ?? null, options: options.serverOption ?? {} },
        url: options.url ?? null,
        measureMs: options.measure ?? null,
        allowRemote: options.allowRemote ?? false,
        json: options.json ?? false,
      }),
    )
}

export function addLimits(program: Command, take: (parsed: LimitsArguments) => void): void {
  const limits = program
    .command('limits')
    .summary('limit profiles, their options for a client, and a lint of both sides')
    .description(
      'Limit profiles of clients and servers with the source of each number, what they are in the options of another client, and a lint of client against server.',
    )
    .addHelpText('after', LIMITS_HELP)
  limits
    .command('list')
    .summary('the profiles there are')
    .description('Lists the limit profiles: role, idle timeout, caps, and what each is.')
    .option('--json', 'print one JSON document (watertight/limits@1) instead of the table')
    .addHelpText('after', LIMITS_SHOW_HELP)
    .action((options: { readonly json?: boolean }) => take({ command: 'limits', action: 'list', json: options.json ?? false }))
  limits
    .command('show')
    .summary('one profile, each number with its source')
    .description('Shows one profile: each knob with its value, source, version and date.')
    .argument('<profile>', 'its name, as `watertight limits list` shows it', profileOf('limits show'))
    .option('--json', 'print one JSON document (watertight/limits@1) instead of the text')
    .addHelpText('after', LIMITS_SHOW_HELP)
    .action((profile: LimitProfileName, options: { readonly json?: boolean }) =>
      take({ command: 'limits', action: 'show', profile, json: options.json ?? false }),
    )
  limits
    .command('for')
    .summary('the options of a client that make a profile, and what it cannot keep')
    .description(
      'Prints the options to paste into a client or server, and for each knob whether it is ENFORCED, EMULATED by watertight/limits, or UNENFORCED, with the reason.',
    )
    .argument('<client>', LIMIT_TARGETS.join(', '), choice('limits for', LIMIT_TARGETS))
    .addOption(new Option('--profile <profile>', "the limits to keep (default: the client's own)").argParser(profileOf('--profile')))
    .option('--json', 'print one JSON document (watertight/limits-for@1) instead of the text')
    .addHelpText('after', LIMITS_SHOW_HELP)
    .action((target: LimitTarget, options: { readonly profile?: LimitProfileName; readonly json?: boolean }) =>
      take({ command: 'limits', action: 'for', target, profile: options.profile ?? null, json: options.json ?? false }),
    )
  addCheck(limits, take)
}

import type { CommanderError } from 'commander'
import { HarnessError } from '../../model/errors.ts'
import type { Arguments } from './arguments.ts'

const COMMANDS: ReadonlySet<string> = new Set<Arguments['command']>(['run', 'list', 'exec', 'attach', 'report', 'doctor', 'init', 'limits'])

/** Commander's complaint in our form: what, then what to do about it. */
export function misuse(error: CommanderError, argv: readonly string[]): HarnessError {
  const command = argv.find((word) => COMMANDS.has(word))
  const help = `\`watertight ${command === undefined ? '' : `${command} `}--help\` lists what there is`
  if (error.code === 'commander.help' && command === 'limits')
    return new HarnessError(
      'INVALID_OPTION',
      'a command of limits is missing: list, show, for or check',
      `\`watertight limits list\` lists the profiles; ${help}`,
    )
  if (error.code === 'commander.help')
    return new HarnessError(
      'INVALID_OPTION',
      'a command is missing: watertight does nothing unasked',
      `\`watertight run\` runs all scenarios; ${help}`,
    )
  const [complaint = '', hint = ''] = error.message.replace(/^error: /, '').split('\n')
  const meant = hint.replace(/^\(D/, 'd').replace(/\)$/, '')
  // Without a -- what the program is to be told is taken for ours.
  const own =
    command === 'exec' && error.code === 'commander.unknownOption' && !argv.includes('--')
      ? 'put -- before the command if that is an option of its own (watertight exec -- <command...>); '
      : ''
  return new HarnessError('INVALID_OPTION', complaint, `${meant === '' ? '' : `${meant} `}${own}${help}`)
}

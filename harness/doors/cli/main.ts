import { toJson } from '../../../reports/json.ts'
import type { WatertightConfig } from '../../model/config.ts'
import type { OwnScenarios } from '../../scenario/discover.ts'
import { parseArguments } from './arguments.ts'
import { doctorCommand } from './doctor-command.ts'
import { errorText } from './error-text.ts'
import { execCommand } from './exec-command.ts'
import { exitCodeOfError } from './exit-code.ts'
import { initCommand } from './init/init-command.ts'
import { type Io, print, tell, terminalWidth } from './io.ts'
import { listDocument, listText } from './list-document.ts'
import { type Dependencies, runCommand } from './run-command.ts'

async function listCommand(json: boolean, own: OwnScenarios | null, io: Io, dependencies: Dependencies): Promise<number> {
  const scenarios = (await dependencies.discover(own)).map(({ scenario }) => scenario)
  await print(io, json ? toJson(listDocument(scenarios)) : listText(scenarios))
  return 0
}

/** What a configuration changes; loaded on demand, because --help must not wait for a schema library. */
async function configured(
  named: string | null,
  cwd: string,
): Promise<{ readonly config: WatertightConfig; readonly own: OwnScenarios | null }> {
  const { loadConfig } = await import('../../scenario/load-config.ts')
  const { judgingOf } = await import('../../scenario/config.ts')
  const loaded = await loadConfig(cwd, named)
  if (loaded === null) return { config: {}, own: null }
  const { config, file, folder } = loaded
  const { scenarios } = config
  return { config, own: scenarios === undefined ? null : { patterns: [scenarios].flat(), folder, file, judging: judgingOf(config) } }
}

const NOT_CONFIGURED = { config: {}, own: null }

/** Read twice: the first time tells where the configuration is, the second one what it changes. */
async function perform(argv: readonly string[], io: Io, dependencies: Dependencies): Promise<number> {
  const reading = { version: dependencies.version, width: terminalWidth(io.stdout) ?? 100 }
  const first = parseArguments(argv, { ...reading, config: {} })
  // The doctor says itself what is wrong with the configuration, and everything else as well.
  const { config, own } = 'config' in first && first.command !== 'doctor' ? await configured(first.config, io.cwd) : NOT_CONFIGURED
  const parsed = parseArguments(argv, { ...reading, config })
  switch (parsed.command) {
    case 'run':
      return runCommand(parsed, own, io, dependencies)
    case 'list':
      return listCommand(parsed.json, own, io, dependencies)
    case 'exec':
      return execCommand(parsed, io, dependencies)
    case 'attach':
      return (await import('./attach-command.ts')).attachCommand(parsed, io, dependencies)
    case 'doctor':
      return doctorCommand(parsed, io, dependencies)
    case 'init':
      return initCommand(parsed, io)
    case 'report':
      return (await import('./report-command.ts')).reportCommand(parsed, io)
    case 'limits':
      return (await import('./limits/limits-command.ts')).limitsCommand(parsed, io)
    case 'help':
      await print(io, parsed.text)
      return 0
  }
}

/** The command line. Resolves to the exit code and never rejects: every error is told on stderr. */
export async function main(argv: readonly string[], io: Io, dependencies: Dependencies): Promise<number> {
  try {
    return await perform(argv, io, dependencies)
  } catch (error) {
    await tell(io, errorText(error))
    return exitCodeOfError(error, null)
  }
}

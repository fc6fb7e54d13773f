import { toJson } from '../../../reports/json.ts'
import { type Arguments, parseArguments } from './arguments.ts'
import { errorText } from './error-text.ts'
import { execCommand } from './exec-command.ts'
import { exitCodeOfError } from './exit-code.ts'
import { type Io, print, tell, terminalWidth } from './io.ts'
import { listDocument, listText } from './list-document.ts'
import { type Dependencies, runCommand } from './run-command.ts'

async function listCommand(json: boolean, io: Io, dependencies: Dependencies): Promise<number> {
  const scenarios = (await dependencies.discover()).map(({ scenario }) => scenario)
  await print(io, json ? toJson(listDocument(scenarios)) : listText(scenarios))
  return 0
}

async function perform(parsed: Arguments, io: Io, dependencies: Dependencies): Promise<number> {
  switch (parsed.command) {
    case 'run':
      return runCommand(parsed, io, dependencies)
    case 'list':
      return listCommand(parsed.json, io, dependencies)
    case 'exec':
      return execCommand(parsed, io, dependencies)
    case 'help':
      await print(io, parsed.text)
      return 0
  }
}

/** The command line. Resolves to the exit code and never rejects: every error is told on stderr. */
export async function main(argv: readonly string[], io: Io, dependencies: Dependencies): Promise<number> {
  try {
    return await perform(parseArguments(argv, { version: dependencies.version, width: terminalWidth(io.stdout) ?? 100 }), io, dependencies)
  } catch (error) {
    await tell(io, errorText(error))
    return exitCodeOfError(error, null)
  }
}

import { dependencies, processIo } from './dependencies.ts'
import { errorText } from './error-text.ts'
import { exitCodeOfError } from './exit-code.ts'
import { guardExit } from './exit-guard.ts'
import type { Io } from './io.ts'
import { main } from './main.ts'

/** The command line in this process: the only place that sets its exit code. */
export async function start(argv: readonly string[]): Promise<void> {
  let io: Io
  try {
    io = processIo(argv)
  } catch (error) {
    process.stderr.write(errorText(error))
    process.exitCode = exitCodeOfError(error, null)
    return
  }
  const release = guardExit(io.cwd)
  const exitNow = (code: number): void => {
    release()
    io.exitNow(code)
  }
  const code = await main(argv, { ...io, exitNow }, dependencies)
  release()
  process.exitCode = code
}

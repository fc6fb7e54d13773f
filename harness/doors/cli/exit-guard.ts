/** The process may end before the command does: a module of the user's calls process.exit, or waits for what never comes. */
import { relative } from 'node:path'
import { loadingNow } from '../../scenario/import-module.ts'
import { EXIT } from './exit-code.ts'

/** Until it is released, an end of the process is told in one line and costs 3: its own 0 would say that all is well. */
export function guardExit(cwd: string): () => void {
  // Emitted only when nothing is left to wait for.
  let isIdle = false
  const onIdle = (): void => {
    isIdle = true
  }
  const onExit = (): void => {
    // A pipe and a terminal take it at once (Linux, macOS); later nobody would.
    process.stderr.write(
      endedEarly(
        loadingNow().map((file) => relative(cwd, file)),
        isIdle,
      ),
    )
    process.exitCode = EXIT.misuse
  }
  process.on('beforeExit', onIdle)
  process.on('exit', onExit)
  return () => {
    process.off('beforeExit', onIdle)
    process.off('exit', onExit)
  }
}

function endedEarly(files: readonly string[], isIdle: boolean): string {
  const [who, when] =
    files.length === 0
      ? ['something', 'before the command had ended']
      : [files.length === 1 ? files[0] : `one of ${files.join(', ')}`, 'while it was loaded']
  return isIdle
    ? `watertight: ${who} waited for what never comes ${when}, so nothing was judged\n  remedy: look for an await that nothing settles\n`
    : `watertight: ${who} ended the process ${when}, so nothing was judged\n  remedy: look for process.exit, or an error that nobody catches; throw an error instead\n`
}

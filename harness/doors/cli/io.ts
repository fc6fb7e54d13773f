import type { Writable } from 'node:stream'
import { WriteStream } from 'node:tty'
import { HarnessError } from '../../model/errors.ts'

export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** Signals that end a run early, with the exit codes the shell expects (128 + number). */
export const EXIT_CODE_OF_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
export type Interrupt = keyof typeof EXIT_CODE_OF_SIGNAL

/** What of `process` the command line needs to hear signals. */
export interface Signals {
  on(name: Interrupt, listener: () => void): unknown
  off(name: Interrupt, listener: () => void): unknown
}

export type Environment = Readonly<Record<string, string | undefined>>

/** The outside world of the command line; bin.ts passes the real one, tests one of their own. */
export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Environment
  readonly cwd: string
  readonly signals: Signals
  /** Ends the process now, whatever is still under way. */
  exitNow(code: number): void
}

/** Writes and waits until it has gone out. Resolves to what prevented it, or null. */
function send(output: Output, text: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    if (output.destroyed || text === '') resolve(null)
    else output.write(text, (error) => resolve(error ?? null))
  })
}

/** Tells something on stderr; that nobody can hear it is no reason to stop. */
export async function tell({ stderr }: Pick<Io, 'stderr'>, text: string): Promise<void> {
  await send(stderr, text)
}

/** Prints what was asked for on stdout. A reader that went away (`| head`) has seen enough; anything else is a HarnessError. */
export async function print({ stdout }: Pick<Io, 'stdout'>, text: string): Promise<void> {
  const error = await send(stdout, text)
  if (error !== null && error.code !== 'EPIPE') {
    throw new HarnessError(
      'INVALID_OPTION',
      `stdout cannot be written to: ${error.message}`,
      'redirect it to a place that takes the report',
    )
  }
}

/** Columns of a terminal; null for a pipe, and for a terminal that does not know its size (a container's often says 0). */
export function terminalWidth(output: Output): number | null {
  return output.isTTY === true && output.columns !== undefined && output.columns > 0 ? output.columns : null
}

/** Does this stream want colour: a terminal that can, unless NO_COLOR; FORCE_COLOR beats both (Node's own rules, for any environment). */
export function wantsColour(output: Output, env: Environment): boolean {
  if (env.FORCE_COLOR === undefined && output.isTTY !== true) return false
  return WriteStream.prototype.getColorDepth.call(output, { ...env }) > 2
}

/** Are we in a CI system, where nobody watches a moving screen? */
export function isCi(env: Environment): boolean {
  return env.CI !== undefined && env.CI !== '' && env.CI !== 'false' && env.CI !== '0'
}

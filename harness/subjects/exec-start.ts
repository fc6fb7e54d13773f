/** How a command is started for `watertight exec`: its environment, the folder of its run, what it says and how it ends. */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Clock } from '../model/clock.ts'
import { HarnessError } from '../model/errors.ts'
import { EXEC_VARIABLE } from './exec-protocol.ts'
import { RUN_ID_VARIABLE } from './run-id.ts'

/** `<prefix><run id>-<six random characters>`: so that a later start can tell what a killed run left. */
export const EXEC_FOLDER_PREFIX = 'watertight-exec-'

export interface Talk {
  /** Written to its stdin, which is then closed. */
  readonly input: string
  onLine(stream: 'stdout' | 'stderr', line: string): void
}

export interface ExecOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly runId: string
  /** The modules that the program is made to load first: watertight/register, and what else explains. */
  readonly preload: readonly URL[]
  /** Where the program's stdout goes. */
  readonly stdout: 'inherit' | 'stderr'
  /** Beside our own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Speaks with the program itself, instead of leaving it the terminal. */
  readonly talk?: Talk
  readonly clock: Clock
  /** Interrupted: a process that does not answer is excused no longer for want of a core. */
  readonly signal: AbortSignal | null
}

/** How a program ended by itself. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export function temporaryFolder(runId: string): string {
  try {
    return mkdtempSync(join(tmpdir(), `${EXEC_FOLDER_PREFIX}${runId}-`))
  } catch (error) {
    throw new HarnessError(
      'SUBJECT_FAILED',
      `the temporary folder ${tmpdir()} cannot be written to: ${error instanceof Error ? error.message : String(error)}`,
      'set TMPDIR to a folder this user may write to',
    )
  }
}

export function converse(child: ChildProcess, { input, onLine }: Talk): void {
  // One that ends without having read it all is told by its exit code.
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  for (const stream of ['stdout', 'stderr'] as const) {
    const from = child[stream]
    if (from !== null) createInterface({ input: from }).on('line', (line) => onLine(stream, line))
  }
}

export function endingOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
}

export function startError(child: ChildProcess): Promise<Error | null> {
  return new Promise((resolve) => {
    child.once('error', resolve)
    child.once('spawn', () => resolve(null))
  })
}

/** The program's own options stay, and ours comes last. A file URL holds neither blanks nor quotes, so nothing in it needs escaping. */
export function environmentOf(path: string, { runId, preload, env }: ExecOptions): NodeJS.ProcessEnv {
  const given = process.env.NODE_OPTIONS ?? ''
  return {
    ...process.env,
    ...env,
    NODE_OPTIONS: [given, ...preload.map(({ href }) => `--import ${href}`)].join(' ').trim(),
    [EXEC_VARIABLE]: path,
    [RUN_ID_VARIABLE]: runId,
  }
}

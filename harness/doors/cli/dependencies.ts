import { fileURLToPath } from 'node:url'
import { HarnessError } from '../../model/errors.ts'
import { TOOL_VERSION } from '../../subjects/version.ts'
import type { Io, Output } from './io.ts'
import type { Dependencies } from './run-command.ts'

/** Beside harness/, in the clone as in dist/. */
const SCENARIOS = fileURLToPath(new URL('../../../scenarios/', import.meta.url))

/** What a program under `exec` is made to load first: the package's `register`, on a Node that can. */
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
const REGISTER = new URL(`../exec-preload${EXTENSION}`, import.meta.url)
/** What a run that explains loads as well. */
const EXPLAIN = new URL(`../../subjects/explain-inside${EXTENSION}`, import.meta.url)

/** What killed runs left: processes first, so that none of them starts another container. */
async function sweep(): Promise<readonly string[]> {
  const { isRunnerAlive } = await import('../../subjects/run-id.ts')
  const { sweepProcesses } = await import('../../subjects/sweep.ts')
  const { sweepContainers, sweepDataDirectories } = await import('../../../fixtures/containers/sweep.ts')
  const processes = sweepProcesses(isRunnerAlive).map((pid) => `process ${pid}`)
  const containers = await sweepContainers(isRunnerAlive)
  const { EXEC_FOLDER_PREFIX } = await import('../../subjects/exec-start.ts')
  const folders = [...(await sweepDataDirectories(isRunnerAlive)), ...(await sweepDataDirectories(isRunnerAlive, EXEC_FOLDER_PREFIX))]
  return [
    ...processes,
    ...containers.map((id) => `container or network ${id.slice(0, 12)}`),
    ...folders.map((folder) => `folder ${folder}`),
  ]
}

/** The real ones, loaded when they are needed: --help must not wait for a container library. */
export const dependencies: Dependencies = {
  version: TOOL_VERSION,
  async discover(own) {
    const { discoverOwn, discoverScenarios } = await import('../../scenario/discover.ts')
    const theirs = own === null ? [] : await discoverOwn(own)
    // One of theirs stands before one of ours with the same name: a new version of ours must not break their run.
    const isTaken = new Set(theirs.map(({ scenario }) => scenario.name))
    return [...theirs, ...(await discoverScenarios(SCENARIOS)).filter(({ scenario }) => !isTaken.has(scenario.name))]
  },
  runSuite: async (request) => (await import('../../scenario/suite.ts')).runSuite(request),
  hasEngine: async () => (await (await import('../../../fixtures/containers/engine.ts')).pingEngine()).ok,
  sweep,
  examine: async (...asked) => (await import('./doctor/examine.ts')).examine(...asked),
  attach: async (request) => (await import('../../scenario/attach.ts')).attachTo(request),
  findContainer: async (name) => (await import('../../../fixtures/containers/find-container.ts')).findContainer(name),
  async exec({ explain, ...request }) {
    const { execProgram, firstDisagreement, leftToTell } = await import('../../scenario/exec.ts')
    const outcome = await execProgram({ ...request, register: REGISTER, explain: explain ? EXPLAIN : null })
    return { ...outcome, disagreement: firstDisagreement(outcome.record.runs), leftToTell: leftToTell(outcome.record.runs) }
  },
}

/**
 * Our own stdout. With --json it is one document and nothing else: what the user's modules (a configuration, a scenario) write to stdout goes
 * to stderr, for the whole process, because a module may also print long after it was loaded. They may hold the stream already: so its
 * `write` changes, and not `process.stdout`.
 */
function ownStdout(argv: readonly string[]): Output {
  const { stdout, stderr } = process
  const end = argv.indexOf('--')
  if (!argv.slice(0, end === -1 ? argv.length : end).includes('--json')) return stdout
  const own: Output = Object.create(stdout, { write: { value: stdout.write.bind(stdout) } })
  stdout.write = stderr.write.bind(stderr)
  return own
}

function workingDirectory(): string {
  try {
    return process.cwd()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new HarnessError(
      'INVALID_OPTION',
      `the working directory cannot be told: ${why}`,
      'it was deleted, perhaps: cd to one that is there',
    )
  }
}

/** The real outside world. @throws {HarnessError} INVALID_OPTION: the working directory is gone. */
export function processIo(argv: readonly string[]): Io {
  for (const stream of [process.stdout, process.stderr]) {
    // without a listener `watertight run | head` would end in an uncaught EPIPE; who writes hears of errors by itself
    stream.on('error', () => {})
  }
  return {
    stdout: ownStdout(argv),
    stderr: process.stderr,
    env: process.env,
    cwd: workingDirectory(),
    signals: process,
    exitNow: (code) => process.exit(code),
  }
}

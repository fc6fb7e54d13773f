import { fileURLToPath } from 'node:url'
import { TOOL_VERSION } from '../../subjects/version.ts'
import type { Io } from './io.ts'
import type { Dependencies } from './run-command.ts'

/** Beside harness/, in the clone as in dist/. */
const SCENARIOS = fileURLToPath(new URL('../../../scenarios/', import.meta.url))

/** What killed runs left: processes first, so that none of them starts another container. */
async function sweep(): Promise<readonly string[]> {
  const { isRunnerAlive } = await import('../../subjects/run-id.ts')
  const { sweepProcesses } = await import('../../subjects/sweep.ts')
  const { sweepContainers } = await import('../../../fixtures/containers/sweep.ts')
  const processes = sweepProcesses(isRunnerAlive).map((pid) => `process ${pid}`)
  const containers = await sweepContainers(isRunnerAlive)
  return [...processes, ...containers.map((id) => `container or network ${id.slice(0, 12)}`)]
}

/** The real ones, loaded when they are needed: --help must not wait for a container library. */
export const dependencies: Dependencies = {
  version: TOOL_VERSION,
  discover: async () => (await import('../../scenario/discover.ts')).discoverScenarios(SCENARIOS),
  runSuite: async (request) => (await import('../../scenario/suite.ts')).runSuite(request),
  hasEngine: async () => (await (await import('../../../fixtures/containers/engine.ts')).pingEngine()).ok,
  sweep,
}

/** The real outside world. */
export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr]) {
    // without a listener `watertight run | head` would end in an uncaught EPIPE; who writes hears of errors by itself
    stream.on('error', () => {})
  }
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    signals: process,
    exitNow: (code) => process.exit(code),
  }
}

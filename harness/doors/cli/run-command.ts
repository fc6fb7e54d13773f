import { renderJson } from '../../../reports/json.ts'
import { renderText } from '../../../reports/text.ts'
import type { BackendKind } from '../../model/backend.ts'
import type { RunRecord } from '../../model/run-record.ts'
import type { LoadedScenario, SuiteRequest } from '../../scenario/suite.ts'
import type { RunArguments } from './arguments.ts'
import { backendChoice } from './backend-choice.ts'
import { errorText } from './error-text.ts'
import type { ExecDependencies } from './exec-command.ts'
import { EXIT, exitCodeOf, exitCodeOfError } from './exit-code.ts'
import { listenForInterruption } from './interruption.ts'
import { type Environment, type Interrupt, type Io, print, tell, terminalWidth, wantsColour } from './io.ts'
import { type OutputFolder, openOutputFolder } from './output-folder.ts'
import { createProgress, type Progress } from './progress.ts'
import { chosenScenarios, chosenVariants, runnable } from './scenario-choice.ts'
import { sourceReader } from './source-reader.ts'

/** What the command line drives; the real ones are in dependencies.ts. */
export interface Dependencies extends ExecDependencies {
  readonly version: string
  discover(): Promise<readonly LoadedScenario[]>
  runSuite(request: SuiteRequest): Promise<RunRecord>
  /** Does a container engine answer here? */
  hasEngine(): Promise<boolean>
}

function requiredBackends(parsed: RunArguments, kinds: readonly BackendKind[], env: Environment): readonly BackendKind[] {
  const isDockerRequired = env.WATERTIGHT_REQUIRE_DOCKER === '1' || env.WATERTIGHT_REQUIRE_DOCKER === 'true'
  return [...parsed.require, ...(parsed.backend === null ? [] : kinds), ...(isDockerRequired ? (['minio'] as const) : [])]
}

/** Writes the files that --reporter names; a failure is told and does not cost the report on stdout. Answers whether all were written. */
async function writeFiles(folder: OutputFolder, texts: ReadonlyMap<string, string>, io: Io): Promise<boolean> {
  try {
    const files: string[] = []
    for (const [name, text] of texts) files.push(await folder.write(name, text))
    await tell(io, `report: ${files.join(', ')}\n`)
    return true
  } catch (error) {
    await tell(io, errorText(error))
    return false
  }
}

/** Nothing is left out in silence: says so when the run ended before all that was planned was judged. */
function noticeOf(record: RunRecord, planned: number, interruptedBy: Interrupt | null): string | null {
  const count = `${record.runs.length} of ${planned} runs were judged`
  if (interruptedBy !== null) return `INTERRUPTED by ${interruptedBy}: ${count}`
  return record.runs.length + record.skipped.length < planned ? `STOPPED EARLY: ${count}` : null
}

interface Reporting {
  readonly record: RunRecord
  readonly notice: string | null
  readonly parsed: RunArguments
  readonly folder: OutputFolder
}

/** Prints the report and writes its files; answers whether the files could be written. */
async function report({ record, notice, parsed, folder }: Reporting, io: Io): Promise<boolean> {
  const readSource = sourceReader(io.cwd)
  const json = renderJson(record)
  const texts = new Map<string, string>()
  if (parsed.reporter.includes('text'))
    texts.set('run.txt', renderText(record, { colour: false, width: Number.POSITIVE_INFINITY, readSource, notice }))
  if (parsed.reporter.includes('json')) texts.set('run.json', json)
  // these bring libraries along that no other command should wait for
  if (parsed.reporter.includes('html')) {
    const { renderHtml } = await import('../../../reports/html/page.ts')
    texts.set('run.html', renderHtml(record, { readSource, notice }))
  }
  if (parsed.reporter.includes('junit')) {
    const { renderJunit } = await import('../../../reports/junit.ts')
    texts.set('junit.xml', renderJunit(record, { readSource }))
  }
  const isWritten = await writeFiles(folder, texts, io)
  const width = terminalWidth(io.stdout) ?? Number.POSITIVE_INFINITY
  await print(io, parsed.json ? json : renderText(record, { colour: wantsColour(io.stdout, io.env), width, readSource, notice }))
  return isWritten
}

async function sweepFirst(dependencies: Dependencies, progress: Progress): Promise<void> {
  try {
    const swept = await dependencies.sweep()
    if (swept.length > 0) progress.note(`swept what a killed run had left: ${swept.join(', ')}`)
  } catch (error) {
    progress.note(`could not sweep what a killed run may have left: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** `watertight run`: resolves to the exit code. Throws HarnessError for misuse, before anything was started. */
export async function runCommand(parsed: RunArguments, io: Io, dependencies: Dependencies): Promise<number> {
  const backends = backendChoice(parsed.backend, parsed.allowRemote, io.env)
  const variants = chosenVariants(parsed.variant)
  const { wanted, left } = runnable(chosenScenarios(parsed.scenarios, await dependencies.discover()), variants, backends, parsed.require)
  const folder = await openOutputFolder(parsed.output, io.cwd)
  const progress = await createProgress(io)
  const interruption = listenForInterruption(io, (interrupt) =>
    progress.note(`${interrupt}: stopping, and reporting what was judged so far; once more to end at once`),
  )
  let planned = 0
  try {
    if (left.length > 0) progress.note(`no such variant or backend in ${left.join(', ')}: not part of this run`)
    await sweepFirst(dependencies, progress)
    const record = await dependencies.runSuite({
      scenarios: wanted,
      variants,
      backends: backends.kinds,
      url: backends.url,
      iterations: parsed.iterations,
      workTimeoutMs: parsed.workTimeoutMs,
      idleTimeoutMs: parsed.idleTimeoutMs,
      bail: parsed.bail,
      signal: interruption.signal,
      docker: await dependencies.hasEngine(),
      onEvent: (event) => {
        if (event.type === 'planned') planned = event.runs.length
        progress.onEvent(event)
      },
    })
    progress.stop()
    const notice = noticeOf(record, planned, interruption.by())
    if (notice !== null && parsed.json) await tell(io, `${notice}\n`)
    const isWritten = await report({ record, notice, parsed, folder }, io)
    const code = exitCodeOf({ record, required: requiredBackends(parsed, backends.kinds, io.env), interruptedBy: interruption.by() })
    return code === EXIT.ok && !isWritten ? EXIT.inconclusive : code
  } catch (error) {
    progress.stop()
    await tell(io, errorText(error))
    return exitCodeOfError(error, interruption.by())
  } finally {
    interruption.stop()
  }
}

import { renderJson } from '../../../reports/json.ts'
import { noticeOf } from '../../../reports/notice.ts'
import { renderText } from '../../../reports/text.ts'
import { type BackendKind, CONTAINER_KINDS } from '../../model/backend.ts'
import type { RunRecord } from '../../model/run-record.ts'
import type { OwnScenarios } from '../../scenario/discover.ts'
import { entryOf, recordOf } from '../../scenario/journal-record.ts'
import type { LoadedScenario, SuiteRequest } from '../../scenario/suite.ts'
import { newRunId } from '../../subjects/run-id.ts'
import type { RunArguments } from './arguments.ts'
import type { AttachDependencies } from './attach-command.ts'
import { backendChoice } from './backend-choice.ts'
import type { DoctorDependencies } from './doctor-command.ts'
import { errorText } from './error-text.ts'
import type { ExecDependencies } from './exec-command.ts'
import { EXIT, exitCodeOf, exitCodeOfError } from './exit-code.ts'
import { listenForInterruption } from './interruption.ts'
import { type Environment, type Io, print, tell, terminalWidth, wantsColour } from './io.ts'
import { startJournal } from './journal.ts'
import { endJournal, reportBreak, troubleText } from './journal-end.ts'
import { reportLeftJournals } from './left-journals.ts'
import { type OutputFolder, openOutputFolder } from './output-folder.ts'
import { createProgress, type Progress } from './progress.ts'
import { tellReports } from './report-files.ts'
import { chosenScenarios, chosenVariants, runnable } from './scenario-choice.ts'
import { sourceReader } from './source-reader.ts'

/** What the command line drives; the real ones are in dependencies.ts. */
export interface Dependencies extends ExecDependencies, AttachDependencies, DoctorDependencies {
  readonly version: string
  /** Ours, and those of a configuration when there is one. */
  discover(own: OwnScenarios | null): Promise<readonly LoadedScenario[]>
  /** What it finds it tells by events: the report is made of them. */
  runSuite(request: SuiteRequest): Promise<unknown>
  /** Does a container engine answer here? */
  hasEngine(): Promise<boolean>
}

function requiredBackends(parsed: RunArguments, kinds: readonly BackendKind[], env: Environment): readonly BackendKind[] {
  const isDockerRequired = env.WATERTIGHT_REQUIRE_DOCKER === '1' || env.WATERTIGHT_REQUIRE_DOCKER === 'true'
  return [...parsed.require, ...(parsed.backend === null ? [] : kinds), ...(isDockerRequired ? CONTAINER_KINDS : [])]
}

interface Reporting {
  readonly record: RunRecord
  readonly parsed: RunArguments
  readonly folder: OutputFolder
}

/** Prints the report and writes its files; answers whether the files could be written. */
async function report({ record, parsed, folder }: Reporting, io: Io): Promise<boolean> {
  const isWritten = await tellReports({ record, formats: parsed.reporter, folder, cwd: io.cwd }, io)
  const notice = noticeOf(record)
  if (parsed.json) {
    // stdout is one document; who reads along on stderr must hear it too
    if (notice !== null) await tell(io, `${notice}\n`)
    await print(io, renderJson(record))
    return isWritten
  }
  const width = terminalWidth(io.stdout) ?? Number.POSITIVE_INFINITY
  await print(io, renderText(record, { colour: wantsColour(io.stdout, io.env), width, readSource: sourceReader(io.cwd), notice }))
  return isWritten
}

async function sweepFirst(dependencies: Dependencies, folder: OutputFolder, progress: Progress): Promise<void> {
  try {
    const swept = await dependencies.sweep()
    if (swept.length > 0) progress.note(`swept what a killed run had left: ${swept.join(', ')}`)
    for (const line of await reportLeftJournals(folder)) progress.note(line)
  } catch (error) {
    progress.note(`could not sweep what a killed run may have left: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** `watertight run`: resolves to the exit code. Throws HarnessError for misuse, before anything was started. */
export async function runCommand(parsed: RunArguments, own: OwnScenarios | null, io: Io, dependencies: Dependencies): Promise<number> {
  const backends = backendChoice(parsed.backend, parsed.allowRemote, io.env)
  const variants = chosenVariants(parsed.variant)
  const { wanted, left } = runnable(chosenScenarios(parsed.scenarios, await dependencies.discover(own)), variants, backends, parsed.require)
  const runId = newRunId()
  const folder = await openOutputFolder(parsed.output, io.cwd, runId)
  const progress = await createProgress(io)
  const interruption = listenForInterruption(io, (interrupt) =>
    progress.note(`${interrupt}: stopping, and reporting what was judged so far; once more to end at once`),
  )
  const onTrouble = (message: string): void => progress.note(troubleText(parsed.output, message))
  const journal = startJournal({ folder, runId, cwd: io.cwd, formats: parsed.reporter, onTrouble })
  let isWritten = true
  try {
    if (left.length > 0) progress.note(`no such variant or backend in ${left.join(', ')}: not part of this run`)
    await sweepFirst(dependencies, folder, progress)
    await dependencies.runSuite({
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
      runId,
      onEvent: (event) => {
        const entry = entryOf(event)
        if (entry !== null) journal.add(entry)
        progress.onEvent(event)
      },
    })
    progress.stop()
    const record = recordOf(journal.entries(), 'killed')
    isWritten = false
    isWritten = await report({ record, parsed, folder }, io)
    const code = exitCodeOf({ record, required: requiredBackends(parsed, backends.kinds, io.env), interruptedBy: interruption.by() })
    return code === EXIT.ok && !isWritten ? EXIT.inconclusive : code
  } catch (error) {
    progress.stop()
    isWritten &&= await reportBreak({ journal, formats: parsed.reporter, folder, cwd: io.cwd }, io)
    await tell(io, errorText(error))
    return exitCodeOfError(error, interruption.by())
  } finally {
    await endJournal(journal, isWritten, io)
    interruption.stop()
  }
}

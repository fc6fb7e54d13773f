import { constants } from 'node:os'
import { renderJson } from '../../../reports/json.ts'
import { severalLines } from '../../../reports/neutralise.ts'
import { noticeOf } from '../../../reports/notice.ts'
import { paintFor } from '../../../reports/paint.ts'
import { runText } from '../../../reports/run-text.ts'
import { HarnessError } from '../../model/errors.ts'
import type { ScenarioRun } from '../../model/run-record.ts'
import type { ExecOutcome, ExecRequest, ExplanationText } from '../../scenario/exec.ts'
import { recordOf } from '../../scenario/journal-record.ts'
import { UNSETTLED_AWAIT } from '../../subjects/exec-protocol.ts'
import { newRunId } from '../../subjects/run-id.ts'
import { isLoopback } from './backend-choice.ts'
import { errorText } from './error-text.ts'
import type { ExecArguments } from './exec-arguments.ts'
import { EXIT, exitCodeOf, exitCodeOfError } from './exit-code.ts'
import { listenForInterruption } from './interruption.ts'
import { type Io, print, tell, terminalWidth, wantsColour } from './io.ts'
import { startJournal } from './journal.ts'
import { endJournal, reportBreak, troubleTeller } from './journal-end.ts'
import { reportLeftJournals } from './left-journals.ts'
import { type OutputFolder, openOutputFolder } from './output-folder.ts'
import { quoted } from './quoted.ts'
import { tellReports } from './report-files.ts'
import { sourceReader } from './source-reader.ts'

/** What `exec` drives; the real ones are in dependencies.ts. */
export interface ExecDependencies {
  exec(
    request: Omit<ExecRequest, 'register' | 'explain'> & { readonly explain: boolean },
  ): Promise<
    ExecOutcome & { readonly disagreement: string | null; readonly leftToTell: { readonly hang: boolean; readonly lines: boolean } }
  >
  /** Removes what an earlier, killed run left behind, and says what that was. */
  sweep(): Promise<readonly string[]>
}

/** Refuses a load that could not be sent, or must not be. */
function checkTarget(option: '--load' | '--ready', target: string | null): void {
  if (target === null || target.startsWith('/')) return
  const url = URL.parse(target)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new HarnessError(
      'INVALID_OPTION',
      `${option} got ${quoted(target)}, which is neither a path nor an http URL`,
      `for example ${option} / or ${option} http://127.0.0.1:8080/`,
    )
  if (!isLoopback(url))
    throw new HarnessError(
      'REMOTE_NOT_ALLOWED',
      `${option} ${url.origin} is not a loopback address: exec loads the program it started, on this machine`,
      `name the program's own address, or just the path: ${option} ${url.pathname}`,
    )
}

interface OwnExit {
  readonly code: number
  readonly says: string
  /** Of several; null: there was one. */
  readonly run: string | null
}

/** The first run that ended with a code of its own, as a shell would tell it; null: none did. Of an await that never settled Node's code is a verdict, not its own word. */
function ownExit(endings: ExecOutcome['endings'], runs: readonly ScenarioRun[]): OwnExit | null {
  for (const [index, ending] of endings.entries()) {
    const run = runs[index]?.case ?? null
    if (ending?.signal) return { run, code: 128 + constants.signals[ending.signal], says: `ended by ${ending.signal}` }
    const hung = runs[index]?.findings.some(({ code }) => code === 'WORK_HUNG') === true
    if (ending?.code && !(hung && ending.code === UNSETTLED_AWAIT))
      return { run, code: ending.code, says: `ended with code ${ending.code}` }
  }
  return null
}

function reportText(runs: readonly ScenarioRun[], io: Io): string {
  const colour = wantsColour(io.stderr, io.env)
  const options = {
    colour,
    paint: paintFor(colour),
    width: terminalWidth(io.stderr) ?? Number.POSITIVE_INFINITY,
    readSource: sourceReader(io.cwd),
  }
  return `${runs.map((run) => runText(run, options)).join('\n')}\n`
}

function explanationText(explanation: ExplanationText | null): string {
  const { keptBy = null, begunAt = null } = explanation ?? {}
  const kept = keptBy === null ? '' : `\nwhat kept it, by async stacks, in a run of its own that was not judged:\n${severalLines(keptBy)}\n`
  const begun =
    begunAt === null ? '' : `\nwhat led to requests without a line, in a run of its own that was not judged:\n${severalLines(begunAt)}\n`
  return kept + begun
}

function hintText({ hang, lines }: { readonly hang: boolean; readonly lines: boolean }): string {
  if (hang) return 'run again with --explain to see what keeps it, by async stacks\n'
  return lines ? 'run again with --explain to see which line led to requests without one\n' : ''
}

/** `watertight exec`: resolves to the exit code. Throws HarnessError for misuse, before anything was started. */
export async function execCommand(parsed: ExecArguments, io: Io, dependencies: ExecDependencies): Promise<number> {
  checkTarget('--load', parsed.load)
  checkTarget('--ready', parsed.ready)
  const runId = newRunId()
  const folder = parsed.reporter.length === 0 ? null : await openOutputFolder(parsed.output, io.cwd, runId)
  const journal =
    folder === null
      ? null
      : startJournal({ folder, runId, cwd: io.cwd, formats: parsed.reporter, onTrouble: troubleTeller(parsed.output, io) })
  let isWritten = true
  let running: Parameters<ExecRequest['onProgram']>[0] = null
  const exitNow = (code: number): void => {
    running?.kill()
    io.exitNow(code)
  }
  const interruption = listenForInterruption({ signals: io.signals, exitNow }, () => {})
  const stopSignal = (): NodeJS.Signals | null => {
    const interrupt = interruption.by()
    // A terminal sends its Ctrl-C to the program as well, and twice means something else to many.
    return interrupt === 'SIGINT' && io.stderr.isTTY === true ? null : (interrupt ?? 'SIGTERM')
  }
  try {
    await sweepFirst(io, dependencies, folder)
    const { record, endings, disagreement, leftToTell, explanation } = await dependencies.exec({
      command: parsed.program,
      args: parsed.args,
      cwd: io.cwd,
      stdout: parsed.json ? 'stderr' : 'inherit',
      idleAfterMs: parsed.idleAfterMs,
      idleTimeoutMs: parsed.idleTimeoutMs,
      timeoutMs: parsed.timeoutMs,
      repeat: parsed.repeat,
      explain: parsed.explain,
      allow: parsed.allow,
      budget: parsed.budget,
      load:
        parsed.load === null
          ? null
          : { target: parsed.load, ready: parsed.ready, connections: parsed.connections, durationMs: parsed.loadDurationMs },
      signal: interruption.signal,
      stopSignal,
      runId,
      onEntry: (entry) => journal?.add(entry),
      onProgram: (program) => {
        running = program
      },
    })
    if (folder !== null && journal !== null) {
      isWritten = false
      const judged = recordOf(journal.entries(), 'killed')
      isWritten = await tellReports({ record: judged, formats: parsed.reporter, folder, cwd: io.cwd }, io)
    }
    if (parsed.json) await print(io, renderJson(record))
    else await tell(io, reportText(record.runs, io))
    const notice = noticeOf(record)
    if (notice !== null) await tell(io, `${notice}\n`)
    if (disagreement !== null) await tell(io, `${disagreement}\n`)
    await tell(io, parsed.explain ? explanationText(explanation) : hintText(leftToTell))
    const own = ownExit(endings, record.runs)
    if (own !== null && own.run !== null) await tell(io, `${own.run} ${own.says}: ${own.code} is the exit code\n`)
    const code = own?.code ?? exitCodeOf({ record, required: [], interruptedBy: interruption.by() })
    return code === EXIT.ok && !isWritten ? EXIT.inconclusive : code
  } catch (error) {
    if (folder !== null && journal !== null) isWritten &&= await reportBreak({ journal, formats: parsed.reporter, folder, cwd: io.cwd }, io)
    await tell(io, errorText(error))
    return exitCodeOfError(error, interruption.by())
  } finally {
    if (journal !== null) await endJournal(journal, isWritten, io)
    interruption.stop()
  }
}

async function sweepFirst(io: Io, dependencies: ExecDependencies, folder: OutputFolder | null): Promise<void> {
  try {
    const swept = await dependencies.sweep()
    if (swept.length > 0) await tell(io, `swept what a killed run had left: ${swept.join(', ')}\n`)
    if (folder !== null) for (const line of await reportLeftJournals(folder)) await tell(io, `${line}\n`)
  } catch (error) {
    await tell(io, `could not sweep what a killed run may have left: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}

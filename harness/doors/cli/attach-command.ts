import { createLogUpdate } from 'log-update'
import { renderJson } from '../../../reports/json.ts'
import { oneLine } from '../../../reports/neutralise.ts'
import { paintFor } from '../../../reports/paint.ts'
import { isTold, runText } from '../../../reports/run-text.ts'
import { groupBy } from '../../diagnosis/compose.ts'
import { isConnection, type OutsideBook } from '../../diagnosis/outside/book.ts'
import type { RunRecord, ScenarioRun } from '../../model/run-record.ts'
import type { Attached, AttachRequest } from '../../scenario/attach.ts'
import type { ContainerFacts } from '../../subjects/container.ts'
import type { AttachArguments, Whom } from './attach-arguments.ts'
import { errorText } from './error-text.ts'
import { exitCodeOf, exitCodeOfError } from './exit-code.ts'
import { listenForInterruption } from './interruption.ts'
import { type Io, isCi, print, tell, terminalWidth, wantsColour } from './io.ts'
import { sourceReader } from './source-reader.ts'

/** What `attach` drives; the real ones are in dependencies.ts. */
export interface AttachDependencies {
  attach(request: AttachRequest): Promise<RunRecord>
  /** @throws {HarnessError} when no engine answers, or it has no such container. */
  findContainer(name: string): Promise<ContainerFacts>
}

/** A plain line for a pipe: often enough to see it move, seldom enough to read. */
const LINE_EVERY_MS = 2_000

/** `watertight attach`: resolves to the exit code. */
export async function attachCommand(parsed: AttachArguments, io: Io, dependencies: AttachDependencies): Promise<number> {
  const interruption = listenForInterruption(io, () => {})
  const live = liveCounts(parsed, io)
  try {
    const attached = await Promise.all(parsed.whom.map((each) => attachedOf(each, parsed, dependencies)))
    const record = await dependencies.attach({
      ...parsed,
      attached,
      isLive: parsed.live,
      mayInspect: parsed.inspect,
      docker: attached.some((each) => 'container' in each),
      signal: interruption.signal,
      onLook: live.onLook,
    })
    live.stop()
    if (parsed.json) await print(io, renderJson(record))
    else await print(io, textOf(record, io))
    return exitCodeOf({ record, required: [], interruptedBy: interruption.by() })
  } catch (error) {
    live.stop()
    await tell(io, errorText(error))
    return exitCodeOfError(error, interruption.by())
  } finally {
    interruption.stop()
  }
}

async function attachedOf({ name, whom }: Whom, { goroutines }: AttachArguments, { findContainer }: AttachDependencies): Promise<Attached> {
  const url = goroutines.find((each) => each.name === null || each.name === name)?.url ?? null
  return { name, goroutines: url, ...('pid' in whom ? whom : { container: await findContainer(whom.container) }) }
}

function textOf({ runs }: RunRecord, io: Io): string {
  const colour = wantsColour(io.stdout, io.env)
  const width = terminalWidth(io.stdout) ?? Number.POSITIVE_INFINITY
  const options = { colour, paint: paintFor(colour), width, readSource: sourceReader(io.cwd) }
  // Of a layer with nothing against it one wants to know all the same what was seen.
  const seen = (run: ScenarioRun): string => (isTold(run) ? run.notes.map((note) => `     ${oneLine(note)}\n`).join('') : '')
  return `${runs.map((run) => `${runText(run, options)}\n${seen(run)}`).join('')}`
}

/** On a terminal the counts stand still and change; in a pipe there is a line now and then. Silent unless asked for. */
function liveCounts({ live }: AttachArguments, io: Io): { onLook(book: OutsideBook): void; stop(): void } {
  if (!live) return { onLook: () => {}, stop: () => {} }
  if (io.stderr.isTTY === true && !isCi(io.env)) {
    const update = createLogUpdate(io.stderr)
    return { onLook: (book) => update(linesOf(book).join('\n')), stop: () => update.clear() }
  }
  let toldMs = Number.NEGATIVE_INFINITY
  return {
    onLook(book) {
      if (book.atMs - toldMs < LINE_EVERY_MS) return
      toldMs = book.atMs
      void tell(io, `${linesOf(book).join('\n')}\n`)
    },
    stop: () => {},
  }
}

/** `proxy  ESTABLISHED 25 (25 with data waiting)  CLOSE_WAIT 1  descriptors 40  goroutines 120`. */
function linesOf(book: OutsideBook): readonly string[] {
  return [...book.members].map(([name, { last, endedAtMs }]) => {
    if (endedAtMs !== null) return `${oneLine(name)}  has ended`
    if (last.sockets === null) return `${oneLine(name)}  ${oneLine(last.missing[0]?.missing ?? 'not to be seen')}`
    const open = last.sockets.filter(isConnection)
    const states = groupBy(open, ({ state }) => state)
    const waiting = open.filter(({ receiveQueueBytes, sendQueueBytes }) => (receiveQueueBytes ?? 0) + (sendQueueBytes ?? 0) > 0).length
    const counts = states.map((group) => `${group[0].state} ${group.length}`)
    return [
      oneLine(name),
      ...(counts.length === 0 ? ['no connection'] : counts),
      ...(waiting === 0 ? [] : [`${waiting} with data waiting`]),
      `descriptors ${last.descriptors ?? 'unknown'}`,
      ...(last.goroutines === null ? [] : [`goroutines ${last.goroutines.total}`]),
    ].join('  ')
  })
}

/** Any command as the subject: its descendants count, its Node processes are asked through a socket in a folder of the run. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize } from 'node:v8'
import type { Census } from '../model/census.ts'
import { HarnessError } from '../model/errors.ts'
import type { Frame, LedgerPage, Pulse } from '../model/ledger-page.ts'
import { countDescriptors } from '../probes/descriptors.ts'
import { networkOf } from '../probes/process-facts.ts'
import { runDelayAmong } from '../probes/run-delay.ts'
import { firstBusyFrame } from './busy-frame.ts'
import { openExecLine } from './exec-line.ts'
import { BEGINNINGS_SUFFIX, BEGUN_SUFFIX, type BegunAt, PAGE_SUFFIX, UNSETTLED_SUFFIX, UNSUPPORTED_SUFFIX } from './exec-protocol.ts'
import { converse, type Ending, type ExecOptions, endingOf, environmentOf, startError, temporaryFolder } from './exec-start.ts'
import { mergePages, mergePulses, type PageOf } from './merge-pages.ts'
import type { OutsideSubject } from './outside.ts'
import { censusOf } from './pid.ts'
import { type Member, processTree, signalMember } from './process-tree.ts'
import { sweepProcesses } from './sweep.ts'
import { takeCensusOf } from './take-census.ts'

export interface Executed extends AsyncDisposable {
  readonly pid: number
  /** Resolves when the command itself has ended; what it started may live on. */
  readonly ended: Promise<Ending>
  ending(): Ending | null
  census(detail?: 'with handles'): Promise<Census>
  /** All its processes as one, seen by the kernel alone: for programs that are not Node's. */
  readonly outside: OutsideSubject
  gauge(): number | null
  /** What its Node processes have waited for a core, of those that waited at the same time the longest; counted from the first asking. */
  starvedMs(): number
  /** All Node processes and threads as one; null when none answers. */
  page(): Promise<LedgerPage | null>
  pulse(): Promise<Pulse | null>
  /** Makes all that has not served anything take what it has for older than the work. */
  startOthersAfresh(): Promise<void>
  /** What all wrote when they ended, and what those that still live say; null: no Node process ever told anything. */
  lastPage(): Promise<LedgerPage | null>
  /** What keeps its processes alive, by async stacks; null: nobody can tell. */
  explain(): Promise<string | null>
  /** What led to requests that no frame of the user's is on the stack of, in a diagnostic run; also in processes that have ended. */
  begunAt(): Promise<readonly BegunAt[]>
  /** The line that one of its processes never leaves while it answers nobody; null: all answer, or it cannot be told. */
  busyAt(): Promise<Frame | null>
  /** One of its processes ended under a top-level await that nothing could settle any more. */
  isUnsettled(): boolean
  /** Why none of its processes can be asked; null: one of them can. */
  unheard(): string | null
  /** The version of a Node of its processes that is too old to be asked; null: of none is that known. */
  oldNode(): string | null
  /** Processes that have begun and ended without a last page: killed. */
  silent(): readonly number[]
  /** Ends it and all it started now, without waiting, and removes what lies in the temporary folder. */
  kill(): void
  /** Ends it and all it started: asked first, then killed. Null: a terminal has asked it already. */
  stop(ask?: NodeJS.Signals | null): Promise<void>
}

/** So long may the command take before all it started is asked as well, and so long may they before they are killed. */
const ASKED_MS = 1_000
const KILLED_MS = 2_000
const POLL_MS = 25

/** @throws {HarnessError} INVALID_OPTION when the command cannot be started, SUBJECT_FAILED when there is no temporary folder. */
export async function startExecuted(options: ExecOptions): Promise<Executed> {
  const folder = temporaryFolder(options.runId)
  const path = join(folder, 's')
  const line = await openExecLine(path, options.clock, options.signal)
  const child = spawn(options.command, [...options.args], {
    cwd: options.cwd,
    env: environmentOf(path, options),
    stdio: options.talk === undefined ? ['inherit', options.stdout === 'inherit' ? 'inherit' : 2, 'inherit'] : 'pipe',
  })
  if (options.talk !== undefined) converse(child, options.talk)
  const ended = endingOf(child)
  const error = await startError(child)
  if (error !== null) {
    await line[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
    throw new HarnessError(
      'INVALID_OPTION',
      `'${options.command}' cannot be started: ${error.message}`,
      'name a program and its arguments after --, for example: watertight exec -- node app.js',
    )
  }
  return executed(child, ended, line, folder, options)
}

type Line = Awaited<ReturnType<typeof openExecLine>>

function executed(child: ChildProcess, ended: Promise<Ending>, line: Line, folder: string, options: ExecOptions): Executed {
  const { clock } = options
  const pid = child.pid ?? 0
  let ending: Ending | null = null
  void ended.then((how) => {
    ending = how
  })
  const ordinals = new Map<string, number>()
  const ordinalOf = (name: string): number => {
    const known = ordinals.get(name) ?? ordinals.size
    ordinals.set(name, known)
    return known
  }
  const known = new Map<string, Member>()
  function members(): readonly Member[] {
    const alive = processTree([pid, ...line.pids])
    for (const member of alive) known.set(`${member.pid} ${member.startTicks}`, member)
    return alive
  }
  async function livePages(): Promise<readonly PageOf[]> {
    const answers = await line.ask('page')
    return answers.map(({ from, answer }) => ({ ordinal: ordinalOf(`${from.pid}-${from.threadId}`), page: answer }))
  }
  function writtenPages(): readonly PageOf[] {
    const names = readdirSync(folder).filter((name) => name.endsWith(PAGE_SUFFIX))
    return names.flatMap((name) => {
      const page = readWritten<LedgerPage>(join(folder, name))
      return page === null ? [] : [{ ordinal: ordinalOf(name.slice(0, -PAGE_SUFFIX.length)), page }]
    })
  }
  function oldNode(): string | null {
    const old = readdirSync(folder).find((name) => name.endsWith(UNSUPPORTED_SUFFIX))
    return old === undefined ? null : readFileSync(join(folder, old), 'utf8')
  }
  async function untilGone(ms: number): Promise<boolean> {
    const untilMs = clock.nowMs() + ms
    // Whatever is alive in the tree, or was and still is although its parent has gone.
    const left = (): boolean => members().length > 0 || [...known.values()].some(isAlive)
    while (left()) {
      if (clock.nowMs() >= untilMs) return false
      await clock.sleep(POLL_MS)
    }
    return true
  }
  async function stop(ask: NodeJS.Signals | null = 'SIGTERM'): Promise<void> {
    members()
    if (ending === null && ask !== null) child.kill(ask)
    const over = new AbortController()
    // A wrapper worth its name passes the question on and waits; one that just ends leaves the others to us.
    await Promise.race([ended, clock.sleep(ASKED_MS, over.signal)])
    over.abort()
    for (const member of [...members(), ...known.values()]) signalMember(member, 'SIGTERM')
    if (await untilGone(KILLED_MS)) return
    for (const member of known.values()) signalMember(member, 'SIGKILL')
    await untilGone(KILLED_MS)
  }
  return {
    pid,
    ended,
    ending: () => ending,
    outside: {
      name: 'program',
      async census(tableOf) {
        const pids = members().map((member) => member.pid)
        // What the kernel keeps after its end (TIME_WAIT, or nothing) tells how its connections were closed.
        if (pids.length === 0) tableOf(process.pid, networkOf(process.pid))
        return censusOf('program', pids, tableOf)
      },
      stop: async () => {},
    },
    async census(detail) {
      const handles = detail === undefined ? null : addUp((await line.ask('handles')).map(({ answer }) => answer))
      const pids = members().map((member) => member.pid)
      return takeCensusOf(pids, clock.nowMs(), handles)
    },
    gauge: () => members().reduce<number | null>((total, member) => addKnown(total, countDescriptors(member.pid)), 0),
    starvedMs: runDelayAmong({
      *[Symbol.iterator]() {
        // From before its ledger is heard of.
        yield pid
        yield* line.pids
      },
    }),
    page: async () => mergePages(await livePages()),
    pulse: async () => mergePulses((await line.ask('pulse')).map(({ answer }) => answer)),
    async startOthersAfresh() {
      await line.ask('afresh')
    },
    async lastPage() {
      return mergePages([...writtenPages(), ...(await livePages())])
    },
    async explain() {
      const said = (await line.ask('why')).flatMap(({ from, answer }) => (answer === null ? [] : [`process ${from.pid}: ${answer}`]))
      return said.length === 0 ? null : said.join('\n\n')
    },
    async begunAt() {
      const said = (await line.ask('beginnings')).flatMap(({ answer }) => answer ?? [])
      const left = readdirSync(folder).filter((name) => name.endsWith(BEGINNINGS_SUFFIX))
      return [...said, ...left.flatMap((name) => readWritten<readonly BegunAt[]>(join(folder, name)) ?? [])]
    },
    async busyAt() {
      const answering = new Set((await line.ask('pulse')).map(({ from }) => from.pid))
      const begun = new Set(readdirSync(folder).flatMap((name) => (name.endsWith(BEGUN_SUFFIX) ? Number.parseInt(name, 10) : [])))
      return firstBusyFrame(members().flatMap((member) => (begun.has(member.pid) && !answering.has(member.pid) ? member.pid : [])))
    },
    unheard() {
      if (readdirSync(folder).some((name) => name.endsWith(BEGUN_SUFFIX))) return null
      const old = oldNode()
      if (old === null)
        return 'no Node process of the command told anything, and no connection of it was seen from outside: it had none, or they were gone between two looks'
      return `the program runs on Node ${old}, which is too old to be looked into`
    },
    isUnsettled: () => readdirSync(folder).some((name) => name.endsWith(UNSETTLED_SUFFIX)),
    oldNode,
    silent() {
      const names = readdirSync(folder)
      const pidsOf = (suffix: string): ReadonlySet<number> =>
        new Set(names.filter((name) => name.endsWith(suffix)).map((name) => Number.parseInt(name, 10)))
      const told = pidsOf(PAGE_SUFFIX)
      const alive = new Set(members().map((member) => member.pid))
      return [...pidsOf(BEGUN_SUFFIX)].filter((each) => !told.has(each) && !alive.has(each))
    },
    kill() {
      for (const member of members()) signalMember(member, 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      // What was started and orphaned between two looks is known by the run id it inherited.
      sweepProcesses((runId) => runId !== options.runId)
      await line[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const isAlive = (member: Member): boolean => processTree([member.pid]).some(({ startTicks }) => startTicks === member.startTicks)

const addKnown = (total: number | null, count: number | null): number | null => (total === null || count === null ? null : total + count)

function addUp(all: readonly (Readonly<Record<string, number>> | null)[]): Record<string, number> | null {
  const known = all.filter((counts) => counts !== null)
  if (known.length === 0) return null
  const total: Record<string, number> = {}
  for (const counts of known) for (const [type, count] of Object.entries(counts)) total[type] = (total[type] ?? 0) + count
  return total
}

function readWritten<T>(file: string): T | null {
  try {
    return deserialize(readFileSync(file)) as T
  } catch {
    // Cut off: its process was killed while it wrote.
    return null
  }
}

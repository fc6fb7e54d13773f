/** A Node child as the subject: its sockets are counted from outside, its ledger reports from inside. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../model/clock.ts'
import { HarnessError } from '../model/errors.ts'
import { countDescriptors } from '../probes/descriptors.ts'
import { runDelayMs } from '../probes/run-delay.ts'
import { busyFrame } from './busy-frame.ts'
import type { ChildOrders, ErrorText, FromChild, QuestionName, Questions } from './child-protocol.ts'
import { compileCacheEnv } from './compile-cache.ts'
import { patience, usableMs } from './patience.ts'
import { RUN_ID_VARIABLE } from './run-id.ts'
import { sharedCensus } from './shared-census.ts'
import type { Subject, WorkOutcome } from './subject.ts'

export interface NodeChildOptions {
  /** Module that calls hostErrand. */
  readonly entry: URL
  readonly orders: ChildOrders
  readonly runId: string
  readonly clock: Clock
  /** A child that has not loaded its scenario by then has failed, ms. */
  readonly startTimeoutMs?: number
  /** Interrupted: a child that does not answer is excused no longer for want of a core. */
  readonly signal: AbortSignal | null
}

export interface NodeChild extends Subject {
  /** Origin of the service it serves, if it serves one. */
  readonly serviceOrigin: string | null
  /** Resolves when its work says that it only waits from now on. */
  readonly onlyWaits: Promise<void>
  /** What its work has measured, a line each; empty when it does not answer any more. */
  measured(): Promise<readonly string[]>
  /** Its event loop was empty after the work: on its own it would have ended. */
  wouldExit(): boolean
  /** The last of what it printed, stdout and stderr together. */
  output(): string
}

/** A child that does not answer within this, of time in which it could run, has a blocked event loop; from then on until it answers again it is given less. */
const ANSWER_MS = 2_000
const MUTE_ANSWER_MS = 50
const START_MS = 30_000
/** How long a child may take to close its service and end by itself before it is killed. */
const STOP_MS = 500
/** Kept of a child's output; the rest is read and dropped, so that a flood blocks nobody. */
const OUTPUT_CHARS = 16_384

/** Variables that would make the child something else than a plain Node. */
const NOT_INHERITED = /^(NODE_OPTIONS|NODE_V8_COVERAGE|NODE_CHANNEL_.*|VITEST.*)$/

/** @throws {HarnessError} SUBJECT_FAILED when the child does not start or its scenario does not load. */
export async function startNodeChild(options: NodeChildOptions): Promise<NodeChild> {
  const { clock, runId } = options
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name)))
  const child = fork(fileURLToPath(options.entry), {
    execArgv: [],
    env: { ...inherited, ...compileCacheEnv(), [RUN_ID_VARIABLE]: runId },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const line = openLine(child)
  try {
    const { serviceOrigin } = await line.ask('prepare', options.orders, (answered) =>
      clock.sleep(options.startTimeoutMs ?? START_MS, answered),
    )
    return asSubject(child, line, serviceOrigin, options)
  } catch (error) {
    await endChild(child, clock)
    throw new HarnessError(
      'SUBJECT_FAILED',
      `the child for ${options.orders.file} did not start: ${messageOf(error)}\n${line.output()}`.trimEnd(),
      error instanceof Unanswered ? LOADS_IT_TOO : null,
      { cause: error },
    )
  }
}

/** What keeps a file from ever having been loaded: in the child it waits for a child of its own, and so on. */
const LOADS_IT_TOO =
  'the child loads this file, too, up to its end: call runScenario, and whatever else takes its time there, from another file, or only where process.send is undefined'

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

type GiveUp = (answered: AbortSignal) => Promise<void>

interface Line {
  /** `giveUp` resolves when nobody waits any longer; at once when its signal is aborted. */
  ask<K extends QuestionName>(question: K, ask: Questions[K]['ask'], giveUp: GiveUp): Promise<Questions[K]['answer']>
  wouldExit(): boolean
  readonly onlyWaits: Promise<void>
  output(): string
  /** Answers that came so far, in time or late. */
  answers(): number
  /** Resolves when the child has ended. */
  readonly exited: Promise<string>
}

function openLine(child: ChildProcess): Line {
  const waiting = new Map<number, { readonly resolve: (answer: never) => void; readonly reject: (error: Error) => void }>()
  let nextId = 1
  let answers = 0
  let isIdle = false
  let waits = (): void => {}
  const onlyWaits = new Promise<void>((resolve) => {
    waits = resolve
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARS)
    })
  }
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
  })
  void exited.then((how) => {
    for (const { reject } of waiting.values()) reject(new ChildGone(how))
    waiting.clear()
  })
  child.on('message', (message: FromChild) => {
    if ('event' in message) {
      if (message.event === 'would-exit') isIdle = true
      else waits()
      return
    }
    answers += 1
    const asker = waiting.get(message.id)
    if ('failed' in message) asker?.reject(restoreError(message.failed))
    else asker?.resolve(message.answer as never)
  })
  return {
    exited,
    wouldExit: () => isIdle,
    onlyWaits,
    output: () => output,
    answers: () => answers,
    async ask(question, ask, giveUp) {
      const id = nextId++
      const answered = new AbortController()
      const answer = new Promise<never>((resolve, reject) => waiting.set(id, { resolve, reject }))
      if (child.connected)
        child.send({ id, question, ask }, (error) => {
          if (error !== null) waiting.get(id)?.reject(error)
        })
      // It has hung up: it will end, or has.
      else void exited.then((how) => waiting.get(id)?.reject(new ChildGone(how)))
      const late = giveUp(answered.signal).then((): Promise<never> => {
        if (answered.signal.aborted) return new Promise(() => {})
        throw new Unanswered(`no answer to "${question}" in time`)
      })
      try {
        return await Promise.race([answer, late])
      } finally {
        // With a reason of its own: without one an error is made for it, with a stack.
        answered.abort('answered')
        waiting.delete(id)
      }
    },
  }
}

class Unanswered extends Error {
  override readonly name = 'Unanswered'
}

class ChildGone extends Error {
  override readonly name = 'ChildGone'
}

export function restoreError({ name, message, stack }: ErrorText): Error {
  const error = new Error(message)
  error.name = name
  if (stack !== null) error.stack = stack
  return error
}

function asSubject(child: ChildProcess, line: Line, serviceOrigin: string | null, { clock, signal: hurry }: NodeChildOptions): NodeChild {
  const pid = child.pid ?? 0
  /** Since when it has answered nothing it was asked, in time it could use; and all it had answered until then. */
  let silence = { sinceMs: 0, answers: -1 }
  /** Its event loop answers in turn: what an earlier question has waited for in vain, the next one need not; and what it answers meanwhile begins the time anew. */
  const giveUp: GiveUp = async (signal) => {
    let answers: number
    do {
      answers = line.answers()
      const nowMs = usableMs(clock, pid)
      if (silence.answers !== answers) silence = { sinceMs: nowMs, answers }
      await patience({ ms: Math.max(MUTE_ANSWER_MS, ANSWER_MS - (nowMs - silence.sinceMs)), pid, clock, signal, hurry })
    } while (!signal.aborted && answers !== line.answers())
  }
  /** Null when the child does not answer or is gone: whoever asks goes on with what is seen from outside. */
  async function orNull<K extends QuestionName>(question: K, ask: Questions[K]['ask']): Promise<Questions[K]['answer'] | null> {
    try {
      return await line.ask(question, ask, giveUp)
    } catch {
      return null
    }
  }
  return {
    pid,
    serviceOrigin,
    wouldExit: line.wouldExit,
    onlyWaits: line.onlyWaits,
    measured: async () => (await orNull('measured', null)) ?? [],
    output: line.output,
    async census(detail) {
      const handles = detail === undefined ? null : ((await orNull('census', null))?.handles ?? null)
      return { ...(await sharedCensus(clock, pid)), handles }
    },
    gauge: () => countDescriptors(pid),
    starvedMs: () => runDelayMs(pid),
    page: () => orNull('page', null),
    busyAt: () => busyFrame(pid),
    async beginWork(iteration) {
      await orNull('beginWork', iteration)
    },
    async runWork(round): Promise<WorkOutcome> {
      try {
        const outcome = await line.ask('runWork', round, () => new Promise(() => {}))
        return outcome.type === 'threw' ? { type: 'threw', error: restoreError(outcome.error) } : outcome
      } catch (error) {
        return { type: 'exited', how: messageOf(error) }
      }
    },
    async endWork() {
      await orNull('endWork', null)
    },
    async abandonWork() {
      await orNull('abandonWork', null)
    },
    releaseBodies: async () => (await orNull('releaseBodies', null)) ?? 0,
    askPool: (poolId) => orNull('askPool', poolId),
    closeIdle: async () => (await orNull('closeIdle', null)) ?? 0,
    async [Symbol.asyncDispose]() {
      await within(STOP_MS, orNull('stop', null), clock)
      await endChild(child, clock)
    },
  }
}

/** Ends a child we started and waits until it is gone. Its work is done or given up: there is nothing to ask it for. */
async function endChild(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await within(ANSWER_MS, gone, clock)
}

/** Waits for a promise, but not longer; leaves no timer behind. */
async function within(ms: number, promise: Promise<unknown>, clock: Clock): Promise<void> {
  const over = new AbortController()
  await Promise.race([promise, clock.sleep(ms, over.signal)])
  over.abort('over')
}

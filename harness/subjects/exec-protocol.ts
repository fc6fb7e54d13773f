/** What `watertight exec` and the ledger inside the program say to each other: frames of v8.serialize, so that Infinity survives. */
import { deserialize, serialize } from 'node:v8'
import type { Frame, LedgerPage, Pulse } from '../model/ledger-page.ts'

/** Environment variable with the path of the socket the program is asked through; its folder takes the final pages. */
export const EXEC_VARIABLE = 'WATERTIGHT_EXEC'
/** `<process id>-<thread id>.page`: what a thread wrote when it ended. */
export const PAGE_SUFFIX = '.page'

/** `<process id>-<thread id>.begun`: written at once, for a program whose event loop never comes round to say hello. */
export const BEGUN_SUFFIX = '.begun'
/** `<process id>.unsupported`: holds the version of a Node that is too old for us (doors/exec-preload.ts). */
export const UNSUPPORTED_SUFFIX = '.unsupported'

/** `<process id>-<thread id>.unsettled`: it ended under a top-level await that nothing could settle any more, not by a 13 of its own. */
export const UNSETTLED_SUFFIX = '.unsettled'
/** Node's exit code for that. */
export const UNSETTLED_AWAIT = 13

/** `<process id>-<thread id>.beginnings`: what a thread of a diagnostic run knew of its requests when it ended. */
export const BEGINNINGS_SUFFIX = '.beginnings'

/** Requests that no frame of the user's is on the stack of, and the line that led to them. */
export interface BegunAt {
  readonly frame: Frame
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly count: number
}

/** What is loaded into a diagnostic run tells this. */
export interface Explaining {
  /** Async stacks of what keeps it alive; of thousands of sockets that takes seconds. */
  keptBy(): string
  begunAt(): readonly BegunAt[]
}

export interface ExecAnswers {
  page: LedgerPage
  pulse: Pulse
  handles: Readonly<Record<string, number>> | null
  /** Somebody else of the tree has begun to serve: whoever has not takes all it has for older than the work. */
  afresh: null
  /** Async stacks of what keeps it alive; null: not a diagnostic run. */
  why: string | null
  /** Null: not a diagnostic run. */
  beginnings: readonly BegunAt[] | null
}
export type ExecQuestion = keyof ExecAnswers

const EXPLAIN = Symbol.for('watertight.explain')
type Global = typeof globalThis & { [EXPLAIN]?: Explaining }

/** For the ledger inside to find: the two are loaded apart. */
export function publishExplanation(explaining: Explaining): void {
  const global: Global = globalThis
  global[EXPLAIN] = explaining
}

/** Null: not a diagnostic run. */
export const explanation = (): Explaining | null => (globalThis as Global)[EXPLAIN] ?? null

/** Who speaks; the first frame on a connection. */
export interface Hello {
  readonly pid: number
  readonly threadId: number
}

export type FromProgram = { readonly hello: Hello } | { readonly id: number; readonly answer: unknown }
export interface ToProgram {
  readonly id: number
  readonly question: ExecQuestion
}

const LENGTH_BYTES = 4

export function frame(message: FromProgram | ToProgram): Buffer {
  const body = serialize(message)
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(body.length)
  return Buffer.concat([length, body])
}

/** Takes chunks as they come and hands over each whole message. */
export function unframe<T extends FromProgram | ToProgram>(onMessage: (message: T) => void): (chunk: Buffer) => void {
  let waiting: Buffer = Buffer.alloc(0)
  return (chunk) => {
    waiting = Buffer.concat([waiting, chunk])
    while (waiting.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + waiting.readUInt32LE()
      if (waiting.length < end) return
      const body = waiting.subarray(LENGTH_BYTES, end)
      waiting = waiting.subarray(end)
      onMessage(deserialize(body) as T)
    }
  }
}

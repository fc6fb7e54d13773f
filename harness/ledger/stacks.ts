import { fileURLToPath } from 'node:url'
import type { Frame } from '../model/ledger-page.ts'

/** Deep enough for fetch, whose caller sits at depth 21 (facts.md); Node's default of 10 would miss it. */
const STACK_DEPTH = 64

/** A stack taken now and read later: formatting at once would double its cost (facts.md). */
export interface Capture {
  /** The user's own frame, else null; resolved once. */
  frame(): Frame | null
  /** The user made the call himself, not a dependency that he called. To be asked before `frame`, which lets go of what tells it; absent: not known. */
  isOwnCall?(): boolean
  /** Where no frame of the user's is left: the package whose call it was, as far out as the stack goes. Absent or null: not known. */
  dependency?(): string | null
}

/** Whose doing a stack tells of: the frame to blame, null for nobody's. */
type FrameOf = (stack: string) => Frame | null

/** Takes the current stack without formatting it; frames above `skip` (a subscriber of ours) are left out. */
export function captureStack(skip: (...args: never[]) => unknown, frameOf: FrameOf = userFrame, depth = STACK_DEPTH): Capture {
  const holder: { stack?: unknown } = {}
  const limit = Error.stackTraceLimit
  try {
    Error.stackTraceLimit = depth
    Error.captureStackTrace(holder, skip)
  } finally {
    Error.stackTraceLimit = limit
  }
  return new Stack(holder, frameOf)
}

/** A class, not a literal with a closure: half the objects, and none that V8 makes old at once (request-entries.ts). */
class Stack implements Capture {
  /** Null: it has been read. */
  #holder: { readonly stack?: unknown } | null
  readonly #frameOf: FrameOf
  #frame: Frame | null = null
  #isOwnCall = false
  #dependency: string | null = null

  constructor(holder: { readonly stack?: unknown }, frameOf: FrameOf) {
    this.#holder = holder
    this.#frameOf = frameOf
  }

  frame(): Frame | null {
    this.#read()
    return this.#frame
  }

  dependency(): string | null {
    this.#read()
    return this.#dependency
  }

  isOwnCall(): boolean {
    const stack = this.#read()
    if (stack !== null) this.#isOwnCall = callersFrame(stack) !== null
    return this.#isOwnCall
  }

  /** Null: it was read before, or a program has installed a prepareStackTrace that returns something else. Then nothing is known, and nothing breaks. */
  #read(): string | null {
    if (this.#holder === null) return null
    const { stack } = this.#holder
    this.#holder = null
    if (typeof stack !== 'string') return null
    this.#frame = this.#frameOf(stack)
    if (this.#frame === null) this.#dependency = outermostPackage(stack)
    return stack
  }
}

/** Between a call of a stream's method and the event that tells of it stand Node's own frames only: 5 of pipe(), 10 of the pipeline() of promises. */
const CALLER_DEPTH = 16

/** Who made the call that we are told of: a frame where it was the user himself, none where it was a dependency that he called. */
export const captureCaller = (skip: (...args: never[]) => unknown): Capture => captureStack(skip, callersFrame, CALLER_DEPTH)

const LINE = /^\s+at (?:(?:async )?(?<name>.+?) \()?(?:async )?(?<file>(?:file:\/\/|\/|[A-Za-z]:[\\/]).+?):(?<line>\d+):(?<column>\d+)\)?$/

/** One line of a V8 stack as a frame; null for native, eval and node: frames. */
export function parseStackLine(text: string): Frame | null {
  // Code made at run time has no place of its own; who made it stands below on the stack.
  if (text.includes('(eval at ')) return null
  const groups = LINE.exec(text)?.groups
  if (groups?.file === undefined) return null
  const [file] = groups.file.split('?')
  return {
    file: file?.startsWith('file://') ? fileURLToPath(file) : (file ?? groups.file),
    line: Number(groups.line),
    column: Number(groups.column),
    function: functionName(groups.name),
  }
}

function functionName(name: string | undefined): string | null {
  if (name === undefined || name === '<anonymous>' || name.endsWith('.<anonymous>')) return null
  // A function without a name that stands before options is called after them by V8: `findLeaks.idleTimeoutMs`.
  if (/(?:^|\.)(?:findLeaks|expectNoLeaks)\./.test(name)) return null
  return name.replace(/^(?:new |Object\.|Module\.)/, '').replace(/ \[as .+\]$/, '')
}

/** Our own sources: the folder that holds ledger/. Their tests are user code like any other. */
const OWN_FOLDER = fileURLToPath(new URL('..', import.meta.url))
/** Where source maps say that the built files come from: a runner may have mapped the stack already. */
const OWN_SOURCES = OWN_FOLDER.replace(/([\\/])dist[\\/](harness[\\/])$/, '$1$2')
const isOurs = (file: string): boolean => (file.startsWith(OWN_FOLDER) || file.startsWith(OWN_SOURCES)) && !/\.test\.[jt]s$/.test(file)
/** The innermost `node_modules/<package>` of a path; null for a file that is nobody's dependency. */
const packageOf = (file: string): string | null => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(file)?.[0] ?? null

/**
 * The innermost frame of the user's own code: not Node's, not ours, not a dependency's. The program that runs (`main`) is the user's own
 * even where it lives in node_modules.
 */
export function userFrame(stack: string, main: string = process.argv[1] ?? ''): Frame | null {
  for (const text of stack.split('\n')) {
    const frame = parseStackLine(text)
    if (frame === null) continue
    if (!isOurs(frame.file)) {
      if (isUsersOwn(frame.file, main)) return frame
    } else if (frame.function === RUNS_THE_WORK) return null
  }
  return null
}

/** Who awaits the work is not in it: of a call that was handed on without being awaited, nothing below this is the line that made it. */
const RUNS_THE_WORK = 'runWork'

/** The package that made the call, and not one that it called in turn: the last on the stack before the work itself. */
export function outermostPackage(stack: string): string | null {
  const frames = stack.split('\n').flatMap((text) => parseStackLine(text) ?? [])
  const runner = frames.findIndex((frame) => isOurs(frame.file) && frame.function === RUNS_THE_WORK)
  const packages = frames.slice(0, runner < 0 ? undefined : runner).flatMap(({ file }) => (isOurs(file) ? [] : (packageOf(file) ?? [])))
  return (
    packages
      .at(-1)
      ?.replace(/^.*[\\/]node_modules[\\/]/, '')
      .replaceAll('\\', '/') ?? null
  )
}

function isUsersOwn(file: string, main: string): boolean {
  const dependency = packageOf(file)
  return dependency === null || dependency === packageOf(main)
}

/** Node's own frames, and those of the language. */
const NODES = /(?:^\s+at |\()(?:async )?node:|\((?:<anonymous>|native|index \d+)\)$/

/** The innermost frame that is neither Node's nor ours, if it is the user's own. One without a place, as of code made at run time, is nobody's. */
export function callersFrame(stack: string, main: string = process.argv[1] ?? ''): Frame | null {
  for (const text of stack.split('\n')) {
    if (!/^\s+at /.test(text) || NODES.test(text)) continue
    const frame = parseStackLine(text)
    if (frame === null || !isOurs(frame.file)) return frame !== null && isUsersOwn(frame.file, main) ? frame : null
  }
  return null
}

/** fetch's Request as it follows a signal: of Node's own copy, which is one file, and of a package's. */
const FETCH_REQUEST =
  /^\s+at (?:new Request \(node:internal\/deps\/undici\/|.+[\\/]node_modules[\\/]undici[\\/]lib[\\/](?:web[\\/])?fetch[\\/]request\.js:)/m

/**
 * As `userFrame`, for a listener that is added to a signal. Nobody's is the one that fetch's Request adds for each call: it holds the request weakly and is
 * taken away when that has been collected, and whoever called fetch can neither reach nor remove it.
 */
export function listenerFrame(stack: string): Frame | null {
  const at = stack.search(FETCH_REQUEST)
  return userFrame(at < 0 ? stack : stack.slice(0, at))
}

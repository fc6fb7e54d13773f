/**
 * Into a running Node process by its own inspector: what it is doing this moment, even where its event loop never takes a turn again.
 *
 * SIGUSR1 opens it, by a thread of Node's own that no JavaScript can block; it answers in 5 to 60 ms in `for (;;) {}`, in a catastrophic regular
 * expression and in Atomics.wait, and not in execSync or readSync (measured, Node 24). It listens on loopback: at the port the process chose
 * (`process.debugPort = 0` beforehand gives each its own; else 9229, which only one can have). Closing closes that port again. What Node itself
 * says of it ("Debugger listening on ...") goes to the stderr of the process.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KernelProbe } from './kernel/kernel-probe.ts'
import { SubjectGone } from './kernel/subject-errors.ts'

/** Where JavaScript stands: `url` as V8 has it (`file:///...`, `node:...`), counted from 1. */
export interface Standing {
  readonly function: string
  readonly url: string
  readonly line: number
  readonly column: number
  /** Identity of the function itself, the same at each of its lines. */
  readonly functionKey: string
}

export interface Inspector extends AsyncDisposable {
  /** Value of an expression that is evaluated in the process, as JSON knows it; in the middle of whatever it does. */
  evaluate(expression: string): Promise<unknown>
  /** Stops it, says where it stands, innermost first, and lets it go on; null when it runs no JavaScript in that time. */
  stack(): Promise<readonly Standing[] | null>
  /** Closes the port in the process. Nothing happens when it was open before. */
  close(): Promise<void>
}

/** Why there is no looking inside. */
export class InspectorUnavailable extends Error {
  override readonly name = 'InspectorUnavailable'
}

/** So long may the process take for anything: a thousand times what a quiet machine needs. */
const PATIENCE_MS = 5_000
const POLL_MS = 10
/** Where Node listens unless told otherwise. */
const DEFAULT_PORT = 9_229
const SIGUSR1_BIT = 1n << 9n

/**
 * Opens the inspector of a process of this machine that runs Node.
 * @throws {InspectorUnavailable} it is no Node, it would die of the signal, or nothing listened in time.
 */
export async function openInspector(pid: number, kernel: Pick<KernelProbe, 'look'>): Promise<Inspector> {
  assertInspectable(pid)
  const portsOf = (): readonly number[] => listeningOn(pid, kernel)
  const before = new Set(portsOf())
  if (before.has(DEFAULT_PORT)) return connectTo(DEFAULT_PORT, null)
  process.kill(pid, 'SIGUSR1')
  const untilMs = performance.now() + PATIENCE_MS
  for (;;) {
    const port = portsOf().find((each) => !before.has(each))
    if (port !== undefined) return connectTo(port, () => portsOf().includes(port))
    if (performance.now() >= untilMs)
      throw new InspectorUnavailable(
        `process ${pid} opened no inspector within ${PATIENCE_MS} ms: a system call blocks it (execSync, readSync), or port ${DEFAULT_PORT} is taken`,
      )
    await sleep(POLL_MS)
  }
}

/** A process that has no handler for SIGUSR1 dies of it. */
function assertInspectable(pid: number): void {
  const refuse = (why: string): never => {
    throw new InspectorUnavailable(`process ${pid} cannot be looked into: ${why}`)
  }
  let program = ''
  let caught = 0n
  try {
    program = basename(readlinkSync(`/proc/${pid}/exe`))
    caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'}`)
  } catch (error) {
    refuse(`/proc does not show it (${error instanceof Error ? error.message : String(error)})`)
  }
  if (!/node/i.test(program)) refuse(`it runs ${program}, not node`)
  if ((caught & SIGUSR1_BIT) === 0n)
    refuse('it does not listen for SIGUSR1 and would die of it (--disable-sigusr1, or Node has just started)')
}

const listeningOn = (pid: number, kernel: Pick<KernelProbe, 'look'>): readonly number[] =>
  kernel.look({ pid }).flatMap(({ role, local }) => (role === 'listener' ? [local.port] : []))

/** A process that has ended meanwhile has taken its port along. */
function stillListens(isOpen: (() => boolean) | null): boolean {
  try {
    return isOpen?.() === true
  } catch (error) {
    if (error instanceof SubjectGone) return false
    throw error
  }
}

interface Incoming {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

interface PausedFrame {
  readonly functionName: string
  readonly functionLocation?: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number }
  readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number }
}

/** @param isOpen whether the port that we opened is still open; null: it was open before us. */
async function connectTo(port: number, isOpen: (() => boolean) | null): Promise<Inspector> {
  const origin = `http://127.0.0.1:${port}`
  const list = (await (await fetch(`${origin}/json/list`, { signal: AbortSignal.timeout(PATIENCE_MS) })).json()) as readonly {
    readonly webSocketDebuggerUrl?: string
  }[]
  const url = list[0]?.webSocketDebuggerUrl
  if (url === undefined) throw new InspectorUnavailable(`the inspector at ${origin} is in use by another debugger`)
  const socket = new WebSocket(url)
  const waiting = new Map<number, (message: Incoming) => void>()
  const scripts = new Map<string, string>()
  let onPaused: (frames: readonly PausedFrame[]) => void = () => {}
  let nextId = 1
  const gone = new Promise<void>((resolve) => {
    socket.addEventListener('close', () => resolve())
    socket.addEventListener('error', () => resolve())
  })
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Incoming
    if (message.id !== undefined) waiting.get(message.id)?.(message)
    else if (message.method === 'Debugger.scriptParsed') {
      const { scriptId, url: script } = message.params as { readonly scriptId: string; readonly url: string }
      scripts.set(scriptId, script)
    } else if (message.method === 'Debugger.paused')
      onPaused((message.params as { readonly callFrames: readonly PausedFrame[] }).callFrames)
  })
  await Promise.race([new Promise<void>((resolve) => socket.addEventListener('open', () => resolve(), { once: true })), gone])

  function send(method: string, params: object = {}): number {
    const id = nextId++
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ id, method, params }))
    return id
  }
  async function ask(method: string, params: object = {}): Promise<unknown> {
    const id = send(method, params)
    const answer = await within(new Promise<Incoming>((resolve) => waiting.set(id, resolve)), gone)
    waiting.delete(id)
    if (answer === null) throw new InspectorUnavailable(`the inspector at ${origin} gave no answer to ${method} within ${PATIENCE_MS} ms`)
    if (answer.error !== undefined) throw new InspectorUnavailable(`the inspector at ${origin} refused ${method}: ${answer.error.message}`)
    return answer.result
  }
  async function evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = (await ask('Runtime.evaluate', { expression, returnByValue: true })) as {
      readonly result: { readonly value?: unknown; readonly description?: string }
      readonly exceptionDetails?: object
    }
    if (exceptionDetails !== undefined) throw new InspectorUnavailable(`evaluating in the process failed: ${result.description}`)
    return result.value
  }
  async function stack(): Promise<readonly Standing[] | null> {
    await ask('Debugger.enable')
    const paused = new Promise<readonly PausedFrame[]>((resolve) => {
      onPaused = resolve
    })
    await ask('Debugger.pause')
    const frames = await within(paused, gone)
    // Also where it never stopped: it must not stop when nobody looks any more.
    await ask('Debugger.disable')
    return frames?.map((frame) => standingOf(frame, scripts)) ?? null
  }
  async function close(): Promise<void> {
    // Its answer never comes: the session ends with it. That end has to come from there: a close of ours that meets it kills the process in one of thirty
    // cases (SIGSEGV within Node 24.21: 9 of 258; with the order kept 0 of 653).
    if (isOpen !== null) send('Runtime.evaluate', { expression: "process.getBuiltinModule('node:inspector').close()" })
    if (isOpen === null) socket.close()
    await within(gone, gone)
    socket.close()
    const untilMs = performance.now() + PATIENCE_MS
    while (stillListens(isOpen) && performance.now() < untilMs) await sleep(POLL_MS)
  }
  return { evaluate, stack, close, [Symbol.asyncDispose]: close }
}

function standingOf({ functionName, functionLocation, location }: PausedFrame, scripts: ReadonlyMap<string, string>): Standing {
  const start = functionLocation ?? location
  return {
    function: functionName,
    url: scripts.get(location.scriptId) ?? '',
    line: location.lineNumber + 1,
    column: (location.columnNumber ?? 0) + 1,
    functionKey: `${start.scriptId}:${start.lineNumber}:${start.columnNumber ?? 0}`,
  }
}

/** The value, or null when it does not come in time or the connection has gone. Leaves no timer behind. */
async function within<T>(value: Promise<T>, gone: Promise<void>): Promise<T | null> {
  const over = new AbortController()
  const late = sleep(PATIENCE_MS, null, { signal: over.signal }).catch(() => null)
  try {
    return await Promise.race([value, late, gone.then(() => null)])
  } finally {
    over.abort()
  }
}

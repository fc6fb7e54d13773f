/** The inside of a program under `watertight exec`: answers questions, writes its last page when it ends. Imports nothing but node: parts. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { serialize } from 'node:v8'
import { threadId } from 'node:worker_threads'
import type { Ledger } from '../ledger/ledger.ts'
import { countHandles } from '../probes/handles.ts'
import { takeOwnDebugPort } from './debug-port.ts'
import {
  BEGINNINGS_SUFFIX,
  BEGUN_SUFFIX,
  type ExecAnswers,
  type ExecQuestion,
  explanation,
  frame,
  PAGE_SUFFIX,
  type ToProgram,
  UNSETTLED_AWAIT,
  UNSETTLED_SUFFIX,
  unframe,
} from './exec-protocol.ts'

const REQUEST_START = 'http.server.request.start'

/**
 * Keeps a ledger that whoever listens at `path` may ask. The program's work begins at once; once it serves others, its work is what follows their
 * first request, and all older is baseline: its listener, its timers, its warm pools.
 * @param start makes the ledger; called when our own connection is there already, so that it stands in nobody's book.
 */
export function watchExecuted(path: string, start: () => Ledger): Ledger {
  const socket = connect(path)
  // Nobody listens any more: the program goes on all the same.
  socket.on('error', () => {})
  socket.unref()
  touchOutput()
  takeOwnDebugPort()

  let hasServed = false
  function beginAfresh(): void {
    ledger.startAfresh('full')
    ledger.beginWork(0)
  }
  function firstRequest(message: unknown): void {
    const { request } = message as { readonly request: IncomingMessage }
    // A program that calls its own server does its work; nobody is served by it.
    if (ledger.isFromInside(request.socket)) return
    unsubscribe(REQUEST_START, firstRequest)
    hasServed = true
    beginAfresh()
  }
  // Before the ledger's own subscribers: the first request itself belongs to the work.
  subscribe(REQUEST_START, firstRequest)
  const ledger = start()
  ledger.beginWork(0)

  const answers: { readonly [K in ExecQuestion]: () => ExecAnswers[K] } = {
    page: () => ledger.page(),
    pulse: () => ledger.pulse(),
    handles: () => countHandles(),
    afresh: () => {
      if (!hasServed) beginAfresh()
      return null
    },
    why: () => explanation()?.keptBy() ?? null,
    beginnings: () => explanation()?.begunAt() ?? null,
  }
  socket.on(
    'data',
    unframe<ToProgram>(({ id, question }) => void socket.write(frame({ id, answer: answers[question]() }))),
  )
  socket.write(frame({ hello: { pid: process.pid, threadId } }))
  leave(path, BEGUN_SUFFIX, () => '')
  process.on('uncaughtExceptionMonitor', (error) => ledger.noteError(error))
  noteUnsettled(() => leave(path, UNSETTLED_SUFFIX, () => ''))
  process.on('exit', () => {
    leave(path, PAGE_SUFFIX, () => serialize(ledger.page()))
    const explaining = explanation()
    if (explaining !== null) leave(path, BEGINNINGS_SUFFIX, () => serialize(explaining.begunAt()))
  })
  return ledger
}

/** Node's 13 is its own word where nobody had set a code when the event loop had nothing left to do, and nothing happened between that and the end. */
function noteUnsettled(note: () => void): void {
  let isNodesWord = false
  process.on('beforeExit', () => {
    const { exitCode } = process
    isNodesWord = exitCode === undefined
    // It gets its turn only where somebody has found more to do.
    const turn = setImmediate(() => {
      isNodesWord = false
    })
    turn.unref()
  })
  process.on('exit', (code) => {
    if (isNodesWord && code === UNSETTLED_AWAIT) note()
  })
}

function leave(path: string, suffix: string, content: () => string | Buffer): void {
  try {
    writeFileSync(join(dirname(path), `${process.pid}-${threadId}${suffix}`), content())
  } catch {
    // The run is over and its folder gone, or the disk is full: whoever asks will notice, and the program must not.
  }
}

/** Node makes these on first touch; with pipes that would be a new handle in the middle of the work (facts.md). */
function touchOutput(): readonly (Socket | NodeJS.WriteStream)[] {
  return [process.stdout, process.stderr]
}

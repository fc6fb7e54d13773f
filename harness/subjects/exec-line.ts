/** The connections over which the ledgers inside an executed program answer. */
import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../model/clock.ts'
import { type ExecAnswers, type ExecQuestion, type FromProgram, frame, type Hello, unframe } from './exec-protocol.ts'
import { patience } from './patience.ts'

export interface Answer<K extends ExecQuestion> {
  readonly from: Hello
  readonly answer: ExecAnswers[K]
}

export interface ExecLine extends AsyncDisposable {
  /** Asks every thread that is there; one that does not answer in time is left out. */
  ask<K extends ExecQuestion>(question: K, whom?: (hello: Hello) => boolean): Promise<readonly Answer<K>[]>
  /** Processes that have ever called, in order of appearance. */
  readonly pids: ReadonlySet<number>
  /** Threads that are there now. */
  present(): number
}

/** One that does not answer within this, of time in which its process could run, has a blocked event loop; until it answers again, however late, it is given less. */
const ANSWER_MS = 2_000
const MUTE_ANSWER_MS = 50

interface Thread {
  readonly hello: Hello
  readonly socket: Socket
  readonly waiting: Map<number, (answer: unknown) => void>
  isMute: boolean
}

/** Listens at `path`, a Unix socket. `hurry`: from then on nobody is excused for want of a core. */
export async function openExecLine(path: string, clock: Clock, hurry: AbortSignal | null): Promise<ExecLine> {
  const threads = new Set<Thread>()
  const pids = new Set<number>()
  let nextId = 1
  const server = createServer((socket) => {
    let thread: Thread | null = null
    const isGone = (): void => {
      if (thread === null) return
      threads.delete(thread)
      for (const resolve of thread.waiting.values()) resolve(NO_ANSWER)
    }
    socket.on('error', () => {})
    socket.on('close', isGone)
    socket.on(
      'data',
      unframe<FromProgram>((message) => {
        if ('hello' in message) {
          thread = { hello: message.hello, socket, waiting: new Map(), isMute: false }
          threads.add(thread)
          pids.add(message.hello.pid)
        } else if (thread !== null) {
          // Late it may be: who answers is slow, and not blocked.
          thread.isMute = false
          thread.waiting.get(message.id)?.(message.answer)
        }
      }),
    )
  })
  await listen(server, path)

  async function askOne<K extends ExecQuestion>(thread: Thread, question: K): Promise<readonly Answer<K>[]> {
    const id = nextId++
    const over = new AbortController()
    const answered = new Promise<unknown>((resolve) => thread.waiting.set(id, resolve))
    thread.socket.write(frame({ id, question }))
    const ms = thread.isMute ? MUTE_ANSWER_MS : ANSWER_MS
    const late = patience({ ms, pid: thread.hello.pid, clock, signal: over.signal, hurry }).then(() => NO_ANSWER)
    const answer = await Promise.race([answered, late])
    over.abort()
    thread.waiting.delete(id)
    if (answer === NO_ANSWER) thread.isMute = true
    return answer === NO_ANSWER ? [] : [{ from: thread.hello, answer: answer as ExecAnswers[K] }]
  }

  return {
    pids,
    present: () => threads.size,
    async ask(question, whom = () => true) {
      const asked = [...threads].filter(({ hello }) => whom(hello))
      return (await Promise.all(asked.map((thread) => askOne(thread, question)))).flat()
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of threads) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const NO_ANSWER = Symbol('no answer')

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })
}

/** Child processes of the benchmarks: started, asked over IPC, gone with their parent. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { pinnedTo } from './cores.ts'

export interface Far extends AsyncDisposable {
  readonly pid: number
  /** Sends a message and waits for the next one that comes. */
  ask<T>(message: object): Promise<T>
  /** Everything it has written to its stdout and stderr so far. */
  said(): string
}

/**
 * @param core it stays on; null: any.
 * @returns the process with its first message.
 * @throws when it ends before it says anything.
 */
export async function startFar<T>(module: URL, args: readonly string[], core: number | null = null): Promise<readonly [Far, T]> {
  const child = fork(module, [...args], { ...pinnedTo(core), stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const far: Far = {
    pid: child.pid ?? -1,
    said: () => text,
    ask<T>(message: object) {
      const answer = answerOf<T>(child, () => text)
      child.send(message)
      return answer
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      if (child.connected) child.disconnect()
      await exited
    },
  }
  return [far, await answerOf<T>(child, () => text)]
}

async function answerOf<T>(child: ChildProcess, text: () => string): Promise<T> {
  const over = new AbortController()
  const exited = once(child, 'exit', { signal: over.signal }).then(([code]) => {
    throw new Error(`bench: ${child.spawnargs.slice(1).join(' ')} ended with ${code}: ${text()}`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: over.signal }), exited])
    return message as T
  } finally {
    over.abort()
    exited.catch(() => {})
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Burners extends AsyncDisposable {
  readonly pids: readonly number[]
  /** Ends them now, for a process that exits. */
  kill(): void
}

/** Counts without end, and looks now and then whether who started it is still there: nobody is left to end it otherwise. */
const BURN = `
  const parent = Number(process.argv[1])
  while (process.ppid === parent) {
    const until = performance.now() + 100
    while (performance.now() < until);
  }`

/** Processes that keep one core busy each, until they are disposed or this process is gone. */
export async function startBurners(count: number): Promise<Burners> {
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', BURN, String(process.pid)], { stdio: ['ignore', 'inherit', 'inherit'] }),
  )
  const kill = (): void => children.forEach((child) => void child.kill('SIGKILL'))
  try {
    await Promise.all(children.map((child) => once(child, 'spawn')))
  } catch (error) {
    kill()
    throw error
  }
  return {
    pids: children.flatMap(({ pid }) => pid ?? []),
    kill,
    async [Symbol.asyncDispose]() {
      kill()
      await Promise.all(children.map(hasEnded))
    },
  }
}

async function hasEnded(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

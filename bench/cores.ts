/**
 * A core for the client and another one for the server. Where the scheduler chooses, a request of undici costs 22 us while both happen to share a core and 44 us while
 * they do not (waking up another core is dear), the ledger the same in both: the ratio would say where they were put.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Cores {
  readonly client: number
  readonly server: number
}

/** The first and the last that this process may run on: neighbours may be one core in truth. Null where that cannot be told, or there is one only. */
export function ownCores(): Cores | null {
  if (process.platform !== 'linux' || spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status !== 0) return null
  const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return list === undefined ? null : coresOf(list)
}

/** Of a list as the kernel writes it: `0-3,8`. */
export function coresOf(list: string): Cores | null {
  const cores = list.split(/[,-]/).map(Number)
  const [client] = cores
  const server = cores.at(-1)
  return client === undefined || server === undefined || client === server ? null : { client, server }
}

/** How Node is to be started so that it stays on `core`; null: anywhere. */
export const pinnedTo = (core: number | null): { readonly execPath: string; readonly execArgv: string[] } =>
  core === null
    ? { execPath: process.execPath, execArgv: [] }
    : { execPath: 'taskset', execArgv: ['--cpu-list', String(core), process.execPath] }

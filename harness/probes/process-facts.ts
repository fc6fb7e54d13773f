/** What /proc says of a process beyond its sockets. Read-only; null where it cannot be told. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

/** Soft limit of open descriptors (RLIMIT_NOFILE). */
export function descriptorLimitOf(pid: number): number | null {
  const soft = /^Max open files\s+(\d+)/m.exec(read(`/proc/${pid}/limits`) ?? '')?.[1]
  return soft === undefined ? null : Number(soft)
}

/** Does its first thread sleep by a clock (sleep, nanosleep)? Unknown counts as no. */
export const isAsleep = (pid: number): boolean => /nanosleep/.test(read(`/proc/${pid}/wchan`) ?? '')

/** Linux tells CPU time in hundredths of a second, whatever its own clock (USER_HZ). */
const TICK_MS = 10

/** CPU time of a process so far, ms. */
export function cpuMsOf(pid: number): number | null {
  const stat = read(`/proc/${pid}/stat`)
  // proc(5): utime and stime are fields 14 and 15; the name before the third may hold spaces and parentheses.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields?.[14 - 3]) + Number(fields?.[15 - 3])
  return Number.isNaN(ticks) ? null : ticks * TICK_MS
}

/** The network namespace: equal texts, equal tables. A process that has ended has none. */
export function networkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return ''
  }
}

/** The short name of its program: `minio`, `node`. Its first thread may call itself otherwise (Node's is MainThread). */
export function programOf(pid: number): string | null {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''))
  } catch {
    return read(`/proc/${pid}/comm`)?.trim() || null
  }
}

/** All processes of the control group of `pid`, and of the groups below it: a container's, also those that `exec` brought in. Null: unknown. */
export function groupPids(pid: number): readonly number[] | null {
  // Version 2 has the one line `0::/path`; version 1 has one for each controller, and all of a container end alike.
  const path = /^(?:0:|\d+:(?:pids|name=systemd|memory)):?(\/.*)$/m.exec((read(`/proc/${pid}/cgroup`) ?? '').replaceAll('::', ':'))?.[1]
  if (path === undefined || path === '/') return null
  for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/pids', '/sys/fs/cgroup/memory']) {
    const pids = pidsBelow(`${root}${path}`)
    if (pids.includes(pid)) return pids
  }
  return null
}

function pidsBelow(folder: string): readonly number[] {
  const own = (read(`${folder}/cgroup.procs`) ?? '')
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0)
  try {
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return [...own, ...below.flatMap(({ name }) => pidsBelow(`${folder}/${name}`))]
  } catch {
    return own
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return null
  }
}

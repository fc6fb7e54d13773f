import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { HarnessError } from '../../model/errors.ts'
import type { FileSighting } from '../../model/sighting.ts'
import { SubjectGone, SubjectUnreadable } from './subject-errors.ts'

const SOCKET_LINK = 'socket:['

/** What the descriptor table of a process holds, as far as we care. */
export interface Owned {
  /** Inodes of all sockets, of any family. */
  readonly sockets: Set<number>
  readonly files: readonly FileSighting[]
}

/** Devices, and views of the kernel, which everybody opens and nobody runs out of. */
const NO_FILE = /^\/(?:dev|proc|sys|memfd:)/

/**
 * The descriptor table of `pid` in one walk. What is closed meanwhile is simply not there.
 *
 * @throws {SubjectGone} no such process. @throws {SubjectUnreadable} there, but not ours to see.
 */
export function ownedDescriptors(pid: number, probe: string): Owned {
  if (!Number.isSafeInteger(pid) || pid <= 0) throw new HarnessError('INVALID_OPTION', `a pid is a positive integer, not ${pid}`)
  const directory = `/proc/${pid}/fd`
  const sockets = new Set<number>()
  const files: FileSighting[] = []
  try {
    for (const descriptor of readdirSync(directory)) {
      const link = readLink(`${directory}/${descriptor}`)
      if (link?.startsWith(SOCKET_LINK)) sockets.add(Number(link.slice(SOCKET_LINK.length, -1)))
      else if (link?.startsWith('/') && !NO_FILE.test(link)) files.push({ descriptor: Number(descriptor), path: link })
    }
    if (sockets.size === 0) assertAlive(pid)
  } catch (error) {
    throw blindness(pid, probe, error)
  }
  return { sockets, files }
}

/**
 * Throws `SubjectGone` for a process that has ended or is ending: the kernel closes its sockets first, so that a look in that moment
 * would find none and call it clean.
 */
export function assertAlive(pid: number): void {
  if (pid !== process.pid && isDead(pid)) throw new SubjectGone(pid)
}

/** Turns an error of reading /proc/<pid> into the reason: gone, or out of sight. */
export function blindness(pid: number, probe: string, error: unknown): unknown {
  if (error instanceof HarnessError) return error
  const code = codeOf(error)
  if (code !== 'ENOENT' && code !== 'ESRCH' && code !== 'EACCES' && code !== 'EPERM') return error
  // A dead process that nobody has waited for answers EACCES to all but root.
  if (isDead(pid)) return new SubjectGone(pid, { cause: error })
  const missing =
    code === 'ENOENT' || code === 'ESRCH'
      ? `process ${pid} runs but /proc/${pid} is hidden (hidepid, or another pid namespace); run as root, or give us the subject's /proc`
      : `/proc/${pid}/fd may not be read (${code}); run as the user of process ${pid}, as root, or with CAP_SYS_PTRACE`
  return new SubjectUnreadable({ probe, missing }, { cause: error })
}

function readLink(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch (error) {
    // Closed since the directory was read; for our own process always the descriptor that read it.
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** PF_EXITING of include/linux/sched.h: descriptors are being closed, the process is not yet a zombie. */
const PF_EXITING = 0x4

function isDead(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // proc(5): "pid (comm) state ppid pgrp session tty_nr tpgid flags"; comm may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 7)
    return 'ZXx'.includes(fields[0] ?? 'X') || (Number(fields[6]) & PF_EXITING) !== 0
  } catch {
    return !answersSignal(pid)
  }
}

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code
}

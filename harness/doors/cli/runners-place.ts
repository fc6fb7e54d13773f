import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Where the pid of this process means this process: a boot of a machine, and a pid namespace of it. The host's name where there is no /proc. */
export function runnersPlace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

/** Giving a running process fewer descriptors, from outside. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ScenarioUnavailable } from '../model/errors.ts'

/**
 * Lowers the soft limit of open descriptors (RLIMIT_NOFILE) of a process we started; its hard limit stays.
 * @throws {ScenarioUnavailable} where there is no prlimit, or it may not.
 */
export async function limitDescriptors(pid: number, limit: number): Promise<void> {
  try {
    await promisify(execFile)('prlimit', ['--pid', String(pid), `--nofile=${limit}:`])
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    if (code === 'ENOENT')
      throw new ScenarioUnavailable(
        'no prlimit here to limit the descriptors of a process',
        'install util-linux (Linux only), which has prlimit',
        { cause: error },
      )
    throw new ScenarioUnavailable(
      `prlimit could not limit the descriptors: ${(stderr ?? String(error)).trim()}`,
      'run on Linux, as the user who owns the process',
      {
        cause: error,
      },
    )
  }
}

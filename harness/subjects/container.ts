/** A running container: its processes, in a network namespace of their own, seen from outside through the pids they have out here. */
import { HarnessError } from '../model/errors.ts'
import { groupPids } from '../probes/process-facts.ts'
import type { OutsideSubject } from './outside.ts'
import { censusOf, watchPid } from './pid.ts'
import { processTree } from './process-tree.ts'
import { liveProcess } from './run-id.ts'

/** What the engine says of it. */
export interface ContainerFacts {
  readonly name: string
  /** Of its first process, in the engine's pid namespace; 0: it does not run. */
  readonly pid: number
  /** `exited`, `paused`, ... */
  readonly state: string
}

/** @throws {HarnessError} when it does not run, or its processes cannot be seen from here. */
export function watchContainer({ name, pid, state }: ContainerFacts, called = name): OutsideSubject {
  if (pid === 0)
    throw new HarnessError('INVALID_OPTION', `container ${name} does not run: it is ${state}`, `start it: docker start ${name}`)
  if (liveProcess(pid) === null)
    throw new HarnessError(
      'SUBJECT_FAILED',
      `the processes of container ${name} are not to be seen here: its pid ${pid} belongs to the engine's machine`,
      'run watertight on the machine of the engine, outside containers, or with --pid=host',
    )
  // Permission is asked for once, with the words of a process.
  const { stop } = watchPid(pid, called)
  const alive = (): readonly number[] => {
    const members = groupPids(pid) ?? processTree([pid]).map((member) => member.pid)
    return members.filter((each) => liveProcess(each) !== null)
  }
  return { name: called, census: async (tableOf) => censusOf(called, alive(), tableOf), stop }
}

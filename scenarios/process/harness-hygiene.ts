/** The harness holds itself to its own contract: twenty runs inside one process, leaky and clean, and nothing of them stays. */
import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { runScenario } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import hangVersusLeak from './hang-versus-leak.ts'

/** Pairs of runs in each round, twenty runs in all. The first round loads what is loaded once; after it nothing may become more. */
const ROUNDS = [1, 3, 3, 3]
/** A leaky run has to wait so long for its verdict; the clean one is back when its agent's idle timeout of 1 s has passed. */
const IDLE_MS = { leaky: 500, fixed: 6_000 } as const
/** Pipes of a child that has ended close a few turns later. */
const SETTLE_MS = 2_000
const POLL_MS = 20

/** What could pile up. */
interface Counts {
  readonly descriptors: number
  readonly handles: number
  readonly processes: number
  readonly files: number
}

/** One run with a backend and a child that leaks, and is released and killed, or that does not. */
async function runOne(variant: 'leaky' | 'fixed'): Promise<void> {
  const options = { case: '100 B', variant, idleTimeoutMs: IDLE_MS[variant] }
  const { asExpected, verdict, notes } = await runScenario(hangVersusLeak, options)
  if (!asExpected) throw new Error(`the ${variant} run was judged ${verdict}: ${notes.join('; ')}`)
}

/** Where there is no /proc its part is empty, and the parent's own judgement has to do. */
function countAll(folder: string): Counts {
  return {
    descriptors: namesIn('/proc/self/fd').length,
    handles: process.getActiveResourcesInfo().length,
    processes: namesIn('/proc').filter(isOfOurRuns).length,
    files: namesIn(folder).length,
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Everything a run starts carries its id, which begins with the runner's pid: so orphans are found that are nobody's child any more. */
function isOfOurRuns(pid: string): boolean {
  try {
    return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`WATERTIGHT_RUN_ID=${process.pid}.`)
  } catch {
    // It has ended meanwhile, or belongs to somebody else.
    return false
  }
}

/** Which counts are higher than they were; after a while, because what is being closed is not left. */
async function grown(before: Counts, folder: string): Promise<readonly string[]> {
  const names = ['descriptors', 'handles', 'processes', 'files'] as const
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const now = countAll(folder)
    const higher = names.filter((name) => now[name] > before[name])
    if (higher.length === 0 || waitedMs >= SETTLE_MS) return higher.map((name) => `${name} from ${before[name]} to ${now[name]}`)
    await wait(POLL_MS)
  }
}

/** Temporary files of these runs, and of these only, come into a folder of their own; Node's cache of compiled code is meant to stay. */
function ownTemporaryFolder(): string {
  const common = tmpdir()
  const own = mkdtempSync(join(common, 'watertight-hygiene-'))
  process.env.NODE_COMPILE_CACHE ??= join(common, 'node-compile-cache')
  process.env.TMPDIR = own
  return own
}

async function runsAgainAndAgain(): Promise<void> {
  const folder = ownTemporaryFolder()
  const start = countAll(folder)
  // What is loaded once may open something, once: a library, the kernel's socket lists.
  let before: Counts = { ...start, descriptors: Number.POSITIVE_INFINITY, handles: Number.POSITIVE_INFINITY }
  for (const [round, pairs] of ROUNDS.entries()) {
    await Promise.all(Array.from({ length: pairs }, () => [runOne('leaky'), runOne('fixed')]).flat())
    const more = await grown(before, folder)
    if (more.length > 0) throw new Error(`round ${round + 1} left more than there was: ${more.join(', ')}`)
    if (round === 0) before = countAll(folder)
  }
  // Only an empty one can be removed.
  rmdirSync(folder)
}

export default defineScenario({
  name: 'harness-hygiene',
  layer: 'process',
  client: 'harness',
  shows: 'twenty runs of the harness in one process leave no connection, descriptor, child or temporary file',
  fixed: { work: runsAgainAndAgain, expects: { verdict: 'clean' } },
})

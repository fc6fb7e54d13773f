/** One test under watch: what it may leave, and the judgement when its last hook has run. */
import { HarnessError } from '../../model/errors.ts'
import type { Allowance, ResolvedOptions } from '../../model/options.ts'
import type { Watch } from '../../session/watch.ts'
import type { Task } from './around-body.ts'
import { allowedMeanwhile, type Excuse, excuseOf } from './excuse.ts'
import { FIXTURES_LATER, type Growing, optionsOfTest } from './guard-options.ts'
import { leakFailure } from './leak-failure.ts'

/** Who judges the rest when the suite has ended. */
export interface Around {
  readonly isOfFile: boolean
  /** What is allowed then, because it was allowed to a test. */
  readonly sharedAllow: Allowance[]
}

export interface WatchedTest {
  readonly task: Task
  readonly excuse: Excuse
  readonly options: Growing
  /** Null until the baseline has been taken. */
  watch: Watch | null
}

/** @throws {HarnessError} INVALID_OPTION when it asks for an exemption without a reason. */
export function beginTest(task: Task, options: ResolvedOptions): WatchedTest {
  const excuse = excuseOf(task)
  return { task, excuse, options: optionsOfTest(options, excuse.allow), watch: null }
}

/** @throws {LeakError} unless it is clean, has failed (what a failing body left behind is the failure's) or was excused. */
export async function endTest({ task, excuse, options, watch }: WatchedTest, around: Around): Promise<void> {
  const later = fixturesToJudgeLater(task)
  const granted = allowedMeanwhile(task)
  options.allow.push(...granted)
  options.sharedAllow.push(...later)
  // A block does not outlive the fixtures of the file.
  around.sharedAllow.push(...excuse.allow, ...granted, ...(around.isOfFile ? [] : later))
  if (task.result?.state !== 'pass' || excuse.isWhole) return watch?.drop()
  if (watch === null) {
    throw new HarnessError(
      'SUBJECT_FAILED',
      `the runner passed "${task.name}" without the body being run through it, so that nothing was watched`,
      "guardSuite needs vitest's own runner, or one that leaves runTask to it",
    )
  }
  const diagnosis = await watch.close()
  if (diagnosis.verdict !== 'clean') throw leakFailure(diagnosis, 'the test')
}

/** What stands in every test's context: vitest's own, and ours. All else is a fixture. */
const NO_FIXTURES: ReadonlySet<string> = new Set([
  'task',
  'signal',
  'skip',
  'annotate',
  'onTestFailed',
  'onTestFinished',
  'leaks',
  'leaksOfFile',
])

/** Fixtures each file has used so far, by name. */
const fixturesSeen = new WeakMap<object, Set<string>>()

/** Only the first test that uses a fixture can be the one that sets it up for the whole file; vitest does not say which of them live how long. */
function fixturesToJudgeLater({ context, file }: Task): readonly Allowance[] {
  const seen = fixturesSeen.get(file) ?? new Set(NO_FIXTURES)
  fixturesSeen.set(file, seen)
  const fresh = Object.keys(context).filter((name) => !seen.has(name))
  for (const name of fresh) seen.add(name)
  return fresh.length > 0 ? FIXTURES_LATER : []
}

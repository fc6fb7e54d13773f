/**
 * `guardSuite()`: findLeaks around every test. The mechanism, of vitest 5:
 * - aroundEach encloses hooks, fixtures and onTestFinished of a test: what it says after runTest() is the last word on it;
 * - the baseline must come after beforeEach: around-body.ts puts it there;
 * - aroundAll encloses beforeAll and afterAll: what is shared is judged behind it, once.
 */
import { aroundAll, aroundEach, TestRunner } from 'vitest'
import type { Allowance, ResolvedOptions } from '../../model/options.ts'
import { openWatch } from '../../session/watch.ts'
import { aroundBody, type Task } from './around-body.ts'
import { type GuardOptions, optionsOfSuite, resolveGuardOptions } from './guard-options.ts'
import { endSuite, type Suite } from './watched-suite.ts'
import { beginTest, endTest } from './watched-test.ts'

interface Guard {
  options: ResolvedOptions
  readonly isOfFile: boolean
  /** What is allowed when the suite ends: with each test that may leave something it grows. */
  sharedAllow: Allowance[]
}

/** The guard of each suite; a test is guarded by the nearest. */
const guards = new WeakMap<Suite, Guard>()

/**
 * Guards every test of this file, or of the describe block it is called in: one that leaves something open fails, and so does the file, at its
 * end, for what its hooks, pools and fixtures left. Called again for the same suite it only replaces the options.
 * @throws {HarnessError} INVALID_OPTION
 */
export function guardSuite(options: GuardOptions = {}): void {
  const resolved = resolveGuardOptions(options)
  const { suite, file } = TestRunner.getCurrentSuite()
  const key: Suite = suite ?? file
  const known = guards.get(key)
  if (known !== undefined) {
    known.options = resolved
    return
  }
  const guard: Guard = { options: resolved, isOfFile: suite === undefined, sharedAllow: [] }
  guards.set(key, guard)
  // The waits have bounds of their own, and a hook that times out would hide what they found.
  aroundAll((runSuite) => guardWhole(guard, key, runSuite), Number.POSITIVE_INFINITY)
  aroundEach(async (runTest, { task }) => {
    await (nearestGuard(task) === guard ? guardTest(guard, task, runTest) : runTest())
  }, Number.POSITIVE_INFINITY)
}

function nearestGuard(task: Task): Guard | undefined {
  for (let suite = task.suite; suite !== undefined; suite = suite.suite) {
    const guard = guards.get(suite)
    if (guard !== undefined) return guard
  }
  return guards.get(task.file)
}

/** Is this test guarded already? */
export const isGuarded = (task: Task): boolean => nearestGuard(task) !== undefined

async function guardTest(guard: Guard, task: Task, runTest: () => Promise<void>): Promise<void> {
  const isStrict = guard.options.level === 'full'
  // Only at level full is known what descends from which test: else those that run at the same time are judged together, with the suite.
  if (task.concurrent === true && !isStrict) return runTest()
  const watched = beginTest(task, guard.options)
  const undo = aroundBody(task, async (body) => {
    watched.watch = await openWatch(watched.options, isStrict)
    await watched.watch.run(body)
  })
  try {
    await runTest()
  } finally {
    undo()
  }
  await endTest(watched, guard)
}

async function guardWhole(guard: Guard, suite: Suite, runSuite: () => Promise<void>): Promise<void> {
  const options = optionsOfSuite(guard.options)
  guard.sharedAllow = options.sharedAllow
  const watch = await openWatch(options)
  await watch.run(runSuite)
  await endSuite(watch, suite)
}

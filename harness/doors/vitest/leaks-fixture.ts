/** The `leaks` fixture: a test that takes it is watched, and may ask about parts of itself. */
import { test as base, TestRunner } from 'vitest'
import type { Diagnosis } from '../../model/diagnosis.ts'
import type { Allowance, FindLeaksOptions } from '../../model/options.ts'
import { findLeaks } from '../../session/find-leaks.ts'
import { resolveOptions } from '../../session/resolve-options.ts'
import { openWatch } from '../../session/watch.ts'
import { allowMeanwhile } from './excuse.ts'
import { optionsOfSuite } from './guard-options.ts'
import { isGuarded } from './guard-suite.ts'
import { withTestsEnd } from './tests-end.ts'
import { endSuite } from './watched-suite.ts'
import { type Around, beginTest, endTest } from './watched-test.ts'

export interface Leaks {
  /** findLeaks: asks about a part of the test. What stays open is still the test's to close. */
  of(work: () => Promise<void> | void, options?: FindLeaksOptions): Promise<Diagnosis>
  /** This test may leave it open. @throws {HarnessError} INVALID_OPTION without `because`. */
  allow(allowance: Allowance): void
}

/**
 * Vitest's `test` with the `leaks` fixture. A test that takes it is judged when its last hook has run, as if guarded; the pools of its file
 * when that has ended. In a file that is guarded anyway it only gives access.
 */
export const test = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads what a fixture depends on from this pattern
  .extend('leaksOfFile', { scope: 'file' }, async ({}, { onCleanup }): Promise<Around> => {
    const current = TestRunner.getCurrentTest()
    if (current === undefined || isGuarded(current)) return { isOfFile: true, sharedAllow: [] }
    const options = optionsOfSuite(resolveOptions())
    const watch = await openWatch(options)
    onCleanup(() => endSuite(watch, current.file))
    return { isOfFile: true, sharedAllow: options.sharedAllow }
  })
  .extend('leaks', async ({ task, onTestFinished, leaksOfFile }): Promise<Leaks> => {
    const leaks: Leaks = {
      of: (work, options) => findLeaks(work, withTestsEnd(options)),
      allow: (allowance) => allowMeanwhile(task, allowance),
    }
    if (isGuarded(task)) return leaks
    const watched = beginTest(task, resolveOptions())
    watched.watch = await openWatch(watched.options)
    // The first to register is called last: after what the test itself tidies up.
    onTestFinished(() => endTest(watched, leaksOfFile), Number.POSITIVE_INFINITY)
    return leaks
  })

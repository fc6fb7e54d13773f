/** `watertight/vitest`: leaks as ordinary test failures. Importing it adds the matcher; `guardSuite()` watches every test of a file or a describe block. */
import { expect } from 'vitest'
import type { Allowance, FindLeaksOptions } from '../../model/options.ts'
import { toReturnToBaseline } from './matcher.ts'

export type { GuardOptions } from './guard-options.ts'
export { guardSuite } from './guard-suite.ts'
export { type Leaks, test } from './leaks-fixture.ts'

declare module 'vitest' {
  // The type parameters are vitest's own, and an augmentation must repeat them.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** Runs the function and insists that it leaves nothing open; rejects with what stayed, who opened it and how to fix it. */
    toReturnToBaseline(options?: FindLeaksOptions): Promise<void>
  }
  interface TaskMeta {
    /** Why this test may leave things open: a reason for all of it, or allowances with theirs. */
    allowLeaks?: string | readonly Allowance[]
  }
}

expect.extend({ toReturnToBaseline })

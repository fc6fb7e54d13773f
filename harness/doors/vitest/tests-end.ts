/** A test that runs out of time takes its looks for leaks along: one that went on would stand in the next test's way. */
import { TestRunner } from 'vitest'
import type { FindLeaksOptions } from '../../model/options.ts'

/** The same options, given up as well when the test that runs now is. */
export function withTestsEnd(options: FindLeaksOptions = {}): FindLeaksOptions {
  const signals = [options.signal, TestRunner.getCurrentTest()?.context.signal].filter((signal) => signal !== undefined)
  return signals.length === 0 ? options : { ...options, signal: AbortSignal.any(signals) }
}

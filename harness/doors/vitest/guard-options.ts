/** What a guard may be told: findLeaks' options without those the runner decides. */
import { HarnessError } from '../../model/errors.ts'
import type { FindingCode } from '../../model/finding.ts'
import type { Allowance, FindLeaksOptions, ResolvedOptions } from '../../model/options.ts'
import { resolveOptions } from '../../session/resolve-options.ts'

export type GuardOptions = Omit<FindLeaksOptions, 'iterations' | 'warmUp' | 'workTimeoutMs' | 'signal' | 'stallMs' | 'concurrent'>

const DECIDED_BY_THE_RUNNER: Readonly<Record<string, string>> = {
  iterations: 'the runner runs a test once (its own option is repeats)',
  warmUp: 'the runner runs a test once',
  workTimeoutMs: 'the runner bounds a test (its own option is timeout, or testTimeout in the configuration)',
  concurrent: 'tests that run at the same time are told apart anyway',
  signal: 'the runner ends a test',
  stallMs: 'the runner bounds a test (its own option is timeout, or testTimeout in the configuration)',
}

/** @throws {HarnessError} INVALID_OPTION: unknown, out of bounds, or the runner's to decide. */
export function resolveGuardOptions(given: GuardOptions): ResolvedOptions {
  const refused = Object.keys(given).filter((key) => key in DECIDED_BY_THE_RUNNER)
  if (refused.length > 0)
    throw new HarnessError('INVALID_OPTION', refused.map((key) => `guardSuite takes no ${key}: ${DECIDED_BY_THE_RUNNER[key]}`).join('; '))
  return resolveOptions(given)
}

/** Vitest's own timers, also where it counts as the program itself because it runs in the worker. */
const RUNNERS_OWN: readonly Allowance[] = ['node_modules/vitest/', 'node_modules/@vitest/'].map((openedAt) => ({
  openedAt,
  because: "it is the runner's own",
}))

/** A pool serves a whole file as often as one test, and nobody can tell at the end of a test. */
const POOLS_LATER: Allowance = { code: 'IDLE_PAST_DEADLINE', because: 'pools are judged once, when the file has ended' }

/** What is allowed may grow until the end is judged. */
export type Growing = ResolvedOptions & { readonly allow: Allowance[]; readonly sharedAllow: Allowance[] }

/** Of one test: idle connections are nobody's concern yet. Its own allowances come with the test; the guard's were given for all of them. */
export function optionsOfTest(options: ResolvedOptions, own: readonly Allowance[]): Growing {
  const sharedAllow = [...options.allow, ...options.sharedAllow, ...RUNNERS_OWN, POOLS_LATER]
  return { ...options, idleConnections: 'trust', allow: [...own], sharedAllow }
}

/** Of the file, or the block: everything that outlives its tests. */
export function optionsOfSuite(options: ResolvedOptions): Growing {
  return { ...options, allow: [], sharedAllow: [...options.allow, ...options.sharedAllow, ...RUNNERS_OWN] }
}

/** What a fixture may keep open for a whole file: a server, a child, their connections. A body that nobody reads is never meant. */
const MAY_BE_A_FIXTURES: readonly FindingCode[] = [
  'SERVER_LEFT_LISTENING',
  'SOCKET_LEFT_OPEN',
  'H2_SESSION_OPEN',
  'CHILD_LEFT',
  'WORKER_LEFT',
  'TIMER_LEFT',
  'WATCHER_LEFT',
  'FILE_LEFT_OPEN',
  'HANDLE_LEFT',
  'LISTENER_STACKING',
]

/** For the first test that uses a fixture: what it opened may be the fixture's, to be closed when the file has ended, and is judged then. */
export const FIXTURES_LATER: readonly Allowance[] = MAY_BE_A_FIXTURES.map((code) => ({
  code,
  because: 'it may belong to a fixture of the file, which is judged when the file has ended',
}))

import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { configDefaults, defineConfig } from 'vitest/config'

/** They plant what a killed run leaves; the sweep that any `watertight run` begins with would tidy it away under them. */
const SWEEPS = '**/sweep.test.ts'

/** It keeps every core busy by itself. */
const SUITE = 'scenarios/scenarios.test.ts'

/** Most tests wait for a deadline or a child, so that two files are run at a time also where Vitest would take one. */
const maxWorkers = Math.max(2, availableParallelism() - 1)

/** They count what the process is like while nobody watches, or drive a ledger of their own by hand through what a guard's would do as well. */
const UNGUARDED = [
  'harness/session/leaves-nothing.test.ts',
  'harness/doors/metrics/stop.test.ts',
  'harness/subjects/{wrapped,files,cancelled-streams,socket-listeners}.test.ts',
]

/** We eat our own food: each of our tests is guarded, with budget 0. */
const setupFiles = ['./harness/doors/vitest/setup.ts']

export default defineConfig({
  test: {
    // A retry hides a leak.
    retry: 0,
    // A scenario waits out its deadline for real, and shares two cores with the others.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // For the hundreds of Node processes that tests start, which would strip the types of all they load, each anew: finding-pages.test.ts takes 25 s of CPU instead of 41.
    env: { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'node-compile-cache') },
    // Processes, not threads: the kernel counts sockets per process.
    pool: 'forks',
    projects: [
      { extends: true, test: { name: 'sweeps', include: [SWEEPS], setupFiles, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: 'house',
          include: ['{harness,fixtures,scenarios,reports,docs,bench}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, SWEEPS, SUITE, ...UNGUARDED],
          setupFiles,
          maxWorkers,
          sequence: { groupOrder: 2 },
        },
      },
      { extends: true, test: { name: 'unguarded', include: UNGUARDED, maxWorkers, sequence: { groupOrder: 2 } } },
      { extends: true, test: { name: 'scenarios', include: [SUITE], setupFiles, sequence: { groupOrder: 3 } } },
    ],
  },
})

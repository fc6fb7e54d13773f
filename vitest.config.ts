import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{harness,fixtures,scenarios,reports,docs}/**/*.test.ts'],
    // A retry hides a leak.
    retry: 0,
    // A scenario waits out its deadline for real, and shares two cores with the others.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Processes, not threads: the kernel counts sockets per process.
    pool: 'forks',
  },
})

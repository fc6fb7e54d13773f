/** The batch job of "Scaling Network Concurrency in Go", in Go, with the article's own http.Transport; watched from outside. */
import { objectKey, s3Backend } from '../../fixtures/s3-backend/index.ts'
import { signedCopy } from '../../fixtures/s3-backend/object-path.ts'
import { goProgram } from '../../fixtures/subjects/runtimes.ts'
import type { MakeProgram } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

/** More than the 25 connections for each host; the program uploads 30 at a time, so a leaky one never reaches its first upload. */
const OBJECTS = 60

const program =
  (variant: 'leaky' | 'fixed'): MakeProgram =>
  async (backend, signal) => {
    const copies = await Promise.all(Array.from({ length: OBJECTS }, (_, index) => signedCopy(backend, objectKey(index))))
    return {
      command: await goProgram('go-batch-copy', signal),
      args: [variant],
      input: copies.map(({ get, put }) => `${get} ${put}\n`).join(''),
      goroutines: '/debug/pprof/goroutine?debug=1',
    }
  }

export default defineScenario({
  name: 'go-batch-copy',
  layer: 'process',
  client: "Go's net/http",
  shows:
    'a Go program that never closes its response bodies is blocked at request 26 of 25 connections: seen from outside, with 50 goroutines',
  backend: s3Backend({ objects: OBJECTS, sizeBytes: 1_000_000 }),
  limits: 'go-article',
  leaky: {
    program: program('leaky'),
    expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: 26 },
  },
  fixed: { program: program('fixed'), expects: { verdict: 'clean', connectionsAtMost: 2 } },
})

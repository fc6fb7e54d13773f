/** A Python program that streams and never closes: `requests` where it is installed, else http.client; watched from outside. */
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import { pythonProgram } from '../../fixtures/subjects/runtimes.ts'
import type { MakeProgram } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const REQUESTS = 10

const program =
  (variant: 'leaky' | 'fixed', sizeBytes: number): MakeProgram =>
  async ({ origin }) => {
    const { command, script } = await pythonProgram('python-requests.py')
    return { command, args: [script, variant, `${origin}/plain/${sizeBytes}`, String(REQUESTS), String(sizeBytes)] }
  }

export default defineScenario({
  name: 'python-requests',
  layer: 'process',
  client: 'Python requests, http.client',
  shows:
    'a Python program that streams and never closes keeps its sockets past the deadline: a large body is told by its queues, a small one by time alone',
  // The server keeps connections for longer than the contract: it is the client's to close them.
  backend: s3Backend({ objects: 1, sizeBytes: 1, keepAliveTimeoutMs: 30_000, kinds: ['embedded'] }),
  cases: {
    '1 kB': {
      leaky: { program: program('leaky', 1_000), expects: { verdict: 'leaked', codes: ['IDLE_PAST_DEADLINE'] } },
      fixed: { program: program('fixed', 1_000), expects: { verdict: 'clean' } },
    },
    '1 MB': {
      leaky: { program: program('leaky', 1_000_000), expects: { verdict: 'leaked', codes: ['UNREAD_BODY'] } },
      fixed: { program: program('fixed', 1_000_000), expects: { verdict: 'clean' } },
    },
  },
})

/** The diagnostic rerun of a program: until it hangs, ends or is idle again, then it is asked what keeps it and where its requests were begun. */
import type { Executed } from '../subjects/exec-child.ts'
import type { BegunAt } from '../subjects/exec-protocol.ts'
import { awaitTurn, type Turn } from './await-turn.ts'
import type { WatchRequest } from './watch-program.ts'

/** Time enough to hang once more: what is looked for stands there long before --timeout. */
const PATIENCE_MS = 10_000

export interface Explanation {
  /** Async stacks of what keeps it alive, or why there are none. */
  readonly keptBy: string
  readonly begunAt: readonly BegunAt[]
}

export async function explainRun(program: Executed, request: WatchRequest): Promise<Explanation> {
  const load = new AbortController()
  try {
    const turn = await awaitTurn(program, { ...request, timeoutMs: Math.min(request.timeoutMs, PATIENCE_MS) }, null, load)
    // First, for the stacks may take all the time there is.
    const begunAt = await program.begunAt()
    return { keptBy: await keptBy(program, turn), begunAt }
  } finally {
    load.abort()
  }
}

async function keptBy(program: Executed, turn: Turn): Promise<string> {
  switch (turn.type) {
    case 'ended':
      return 'this time it ended by itself: nothing kept it alive, and so nothing is left to ask'
    case 'idle':
      return 'this time it did not hang'
    case 'hung':
    case 'cut short':
    case 'outside':
      return (await program.explain()) ?? 'it does not answer: its event loop is blocked'
  }
}

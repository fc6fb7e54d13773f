/** The diagnostic rerun of a program that hung: until it hangs again, then it is asked what keeps it. */
import type { Executed } from '../subjects/exec-child.ts'
import { awaitTurn } from './await-turn.ts'
import type { WatchRequest } from './watch-program.ts'

/** Time enough to hang once more: what is looked for stands there long before --timeout. */
const PATIENCE_MS = 10_000

/** The async stacks, or why there are none. */
export async function explainHang(program: Executed, request: WatchRequest): Promise<string> {
  const turn = await awaitTurn(program, { ...request, timeoutMs: Math.min(request.timeoutMs, PATIENCE_MS) }, null)
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

/**
 * Loaded into a program that is run once more to see why: async stacks of all that keeps it alive, and the line that led to each request of which none
 * is known; 3 to 30 times slower (facts.md), so never where anything is judged. The ledger inside hands the answer over.
 */
import whyIsNodeRunning from 'why-is-node-running'
import { watchBeginnings } from './begun-at.ts'
import { publishExplanation } from './exec-protocol.ts'

/** The user's frame sits up to 21 deep (facts.md: 28 lines named of 34 instead of 10). */
Error.stackTraceLimit = 60

publishExplanation({
  keptBy() {
    const lines: string[] = []
    whyIsNodeRunning({ error: (line: string) => void lines.push(line) })
    return lines.join('\n')
  },
  begunAt: watchBeginnings(),
})

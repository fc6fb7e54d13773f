/** Counting after each iteration, so that growth can be told from what is there once. */
import { MIN_ITERATIONS, strangersIn } from '../diagnosis/growth.ts'
import type { IterationCount } from '../diagnosis/material.ts'
import type { Clock } from '../model/clock.ts'
import type { Subject } from '../subjects/subject.ts'

/** Counted so often at most, evenly over all iterations: a trend needs no more, and each count costs a census and a moment. */
const MAX_COUNTS = 32
/** What was closed leaves a turn or two later: two equal looks at the gauge, so far apart, or so many looks. */
const SETTLE_MS = 5
const SETTLE_LOOKS = 10

/** A function to call after each iteration of `total`; counts nothing where there are too few to judge by. */
export function iterationCounter(subject: Pick<Subject, 'census' | 'gauge'>, clock: Clock, total: number) {
  const counts: IterationCount[] = []
  const every = Math.ceil(total / MAX_COUNTS)
  async function after(iteration: number): Promise<void> {
    const done = iteration + 1
    if (total < MIN_ITERATIONS || (done % every !== 0 && done !== total)) return
    let gauge = subject.gauge()
    for (let look = 0; look < SETTLE_LOOKS; look += 1) {
      await clock.sleep(SETTLE_MS)
      const now = subject.gauge()
      if (now === gauge) break
      gauge = now
    }
    const census = await subject.census('with handles')
    counts.push({ after: done, strangers: strangersIn(census), handles: census.handles })
  }
  return { after, counts: (): readonly IterationCount[] => counts }
}

/** Descriptors kept for the harness itself: where the work has used up all of them, a look at /proc would fail for want of one. */
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'

/** A look takes one at a time; a second, because a thread of the subject may be quicker. */
const SPARE = 2

export interface SpareDescriptors extends Disposable {
  /** Runs what needs descriptors; meanwhile none is kept. */
  lend<T>(look: () => T): T
}

export function keepSpareDescriptors(): SpareDescriptors {
  let kept: number[] = []
  function keep(): void {
    try {
      while (kept.length < SPARE) kept.push(openSync(devNull, 'r'))
    } catch {
      // Somebody was quicker: the next look does with fewer.
    }
  }
  function release(): void {
    for (const descriptor of kept) closeSync(descriptor)
    kept = []
  }
  keep()
  return {
    lend(look) {
      release()
      try {
        return look()
      } finally {
        keep()
      }
    },
    [Symbol.dispose]: release,
  }
}

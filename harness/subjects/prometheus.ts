/** A process that also tells its goroutines: by /metrics or by pprof. */
import { readGoroutines } from '../probes/goroutines.ts'
import type { OutsideSubject } from './outside.ts'

/** Not more often: each question makes the process stop the world for a moment and costs it a connection. */
const ASK_EVERY_MS = 1_000

/** @param urlOf where to ask; null: not known yet. Asked by the clock given, at most once a second; between that the last answer stands. */
export function withGoroutines(subject: OutsideSubject, urlOf: () => Promise<URL | null>, nowMs: () => number): OutsideSubject {
  let askedMs = Number.NEGATIVE_INFINITY
  let last: Awaited<ReturnType<typeof readGoroutines>> | null = null
  return {
    ...subject,
    async census(tableOf) {
      const url = nowMs() - askedMs < ASK_EVERY_MS ? null : await urlOf()
      if (url !== null) {
        askedMs = nowMs()
        last = await readGoroutines(url)
      }
      const look = await subject.census(tableOf)
      if (last === null || look.hasEnded) return look
      return 'missing' in last ? { ...look, missing: [...look.missing, last] } : { ...look, goroutines: last }
    },
  }
}

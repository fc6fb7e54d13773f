/** Running the work, and deciding when it hangs. */
import type { Clock } from '../model/clock.ts'
import type { ResolvedOptions } from '../model/options.ts'
import type { Subject, WorkOutcome } from '../subjects/subject.ts'
import type { Stage } from './stage.ts'
import { stallSignature, unansweredSignature } from './stall.ts'

const STALL_POLL_MS = 200

export type Hang = 'stalled' | 'unanswered' | 'timeout' | 'event loop blocked'

export interface PlayedWork {
  readonly outcome: WorkOutcome
  /** Why it counts as hung; null: it settled, or the caller gave up. */
  readonly hung: Hang | null
}

const SETTLED: PlayedWork = { outcome: { type: 'done' }, hung: null }

/** Warm-up rounds, discarded but bounded like any other. */
export async function warmUp(subject: Subject, options: ResolvedOptions, clock: Clock): Promise<PlayedWork> {
  for (let round = 0; round < options.warmUp && options.signal?.aborted !== true; round += 1) {
    const played = await settleOrHang(subject.runWork(round), subject, options, { clock }, () => {})
    if (played.hung !== null || played.outcome.type !== 'done') return played
  }
  return SETTLED
}

/** All iterations, until one hangs, throws or the subject is gone. */
export async function playWork(
  subject: Subject,
  options: ResolvedOptions,
  stage: Stage,
  leaveLane: () => void,
  afterIteration: (iteration: number) => Promise<void>,
): Promise<PlayedWork> {
  let last = SETTLED
  void stage.onlyWaits?.then(leaveLane)
  for (let iteration = 0; iteration < options.iterations; iteration += 1) {
    if (options.signal?.aborted === true) break
    await subject.beginWork(iteration)
    const running = stage.drive === undefined ? subject.runWork(options.warmUp + iteration) : stage.drive(iteration)
    last = await settleOrHang(running, subject, options, stage, leaveLane)
    if (last.hung !== null || last.outcome.type !== 'done') break
    await afterIteration(iteration)
  }
  leaveLane()
  await subject.endWork()
  return last
}

/** Waits for the work, but not for ever: until it times out, stalls by evidence, or the caller gives up. */
async function settleOrHang(
  running: Promise<WorkOutcome>,
  subject: Subject,
  options: ResolvedOptions,
  { clock, drive }: Pick<Stage, 'clock' | 'drive'>,
  leaveLane: () => void,
): Promise<PlayedWork> {
  const settled = new AbortController()
  const finished = running.then((outcome): PlayedWork => {
    settled.abort()
    return { outcome, hung: null }
  })
  const givenUp: PlayedWork['outcome'] = { type: 'done' }
  const timedOut = whileOpen(bound(options.workTimeoutMs, clock, settled.signal), settled.signal).then(
    (): Promise<PlayedWork> => hungNow(subject, options, givenUp),
  )
  const stalled =
    options.stallMs === null
      ? never<PlayedWork>()
      : watchForStall(subject, { stallMs: options.stallMs, clock, isDriven: drive !== undefined }, settled.signal, leaveLane)
  const aborted = abortOf(options.signal, settled.signal).then((): PlayedWork => ({ outcome: givenUp, hung: null }))
  try {
    return await Promise.race([finished, whileOpen(timedOut, settled.signal), stalled, aborted])
  } finally {
    settled.abort()
  }
}

async function hungNow(subject: Subject, { level }: ResolvedOptions, outcome: WorkOutcome): Promise<PlayedWork> {
  // Without a ledger there never is a page.
  return { outcome, hung: level !== 'off' && (await subject.page()) === null ? 'event loop blocked' : 'timeout' }
}

/** Infinity where who runs the work bounds it: then no timer of ours stands in anybody's way. */
const bound = (ms: number, clock: Clock, settled: AbortSignal): Promise<void> =>
  ms === Number.POSITIVE_INFINITY ? never() : clock.sleep(ms, settled)

const never = <T>(): Promise<T> => new Promise<T>(() => {})

/** A sleep that was cut short because the work settled must not win the race. */
async function whileOpen<T>(promise: Promise<T>, settled: AbortSignal): Promise<T> {
  const value = await promise
  return settled.aborted ? never<T>() : value
}

function abortOf(signal: AbortSignal | null, settled: AbortSignal): Promise<void> {
  if (signal === null) return never()
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true, signal: settled })
  })
}

async function watchForStall(
  subject: Subject,
  { stallMs, clock, isDriven }: { readonly stallMs: number; readonly clock: Clock; readonly isDriven: boolean },
  settled: AbortSignal,
  leaveLane: () => void,
): Promise<PlayedWork> {
  let signature: string | null = null
  let sinceMs = clock.nowMs()
  while (!settled.aborted) {
    await clock.sleep(STALL_POLL_MS, settled)
    if (settled.aborted) break
    const page = await subject.page()
    const stalled = page === null ? null : stallSignature(page)
    const unanswered = page === null || stalled !== null || !isDriven ? null : unansweredSignature(page)
    const now = stalled ?? unanswered
    if (now === null || now !== signature) {
      signature = now
      sinceMs = clock.nowMs()
    } else {
      // Nothing moves: whoever waits for its turn may have it meanwhile.
      leaveLane()
      if (clock.nowMs() - sinceMs >= stallMs) return { outcome: { type: 'done' }, hung: unanswered === null ? 'stalled' : 'unanswered' }
    }
  }
  return never()
}

/** Waiting for the moment a program can be judged: it ended, it hangs, or it has served and is idle again. */
import type { HungBecause } from '../diagnosis/material.ts'
import type { Census } from '../model/census.ts'
import type { LedgerPage, Pulse } from '../model/ledger-page.ts'
import type { Executed } from '../subjects/exec-child.ts'
import type { Ending } from '../subjects/exec-start.ts'
import type { OutsideWatch, OutsideWhy } from './outside-turn.ts'
import { stallSignature, unansweredSignature } from './stall.ts'
import type { Driven, WatchRequest } from './watch-program.ts'

export type Turn = { readonly driven: Driven | null } & (
  | { readonly type: 'ended'; readonly ending: Ending }
  /** `baseline` was taken before its first request. */
  | { readonly type: 'idle'; readonly baseline: Census }
  | { readonly type: 'hung'; readonly because: HungBecause }
  /** No Node process of it was ever heard of: what the kernel shows decides. */
  | { readonly type: 'outside'; readonly why: OutsideWhy }
  /** Interrupted, or time is up without its having hung. */
  | CutShort
)

interface CutShort {
  readonly type: 'cut short'
  readonly doubts: readonly string[]
}

const POLL_MS = 200
/** Of a program that is only seen from outside: what comes and goes between two looks is not seen at all. */
const CLOSE_LOOK_MS = 50
/** What the program has waited for a core is no part of its time, up to so much: at a load of 14 on two cores Node alone takes a second to start. */
const MOST_EXCUSED_MS = 10_000
/** Hung is decided by evidence, as in scenarios (product.md). */
const STALL_MS = 2_000

/** @param load aborted: whatever drives the program ends. Who hangs by evidence is still driven when this returns: the callers are part of the evidence. */
export async function awaitTurn(
  program: Executed,
  request: WatchRequest,
  outside: OutsideWatch | null,
  load: AbortController,
): Promise<Turn> {
  const { clock } = request
  const startedMs = clock.nowMs()
  const starvedBeforeMs = program.starvedMs()
  let isHungByEvidence = false
  let driving: Promise<Driven> | null = null
  let driven: Driven | null = null
  let baseline: Census | null = null
  let hasServed = false
  /** From where the program's own processes call one another. */
  const dialled = new Set<number>()
  const isQuiet = steadyFor(request.idleAfterMs, () => clock.nowMs())
  const isStalled = steadyFor(STALL_MS, () => clock.nowMs())
  try {
    for (;;) {
      await nextLook(program, request, outside !== null && program.unheard() !== null ? CLOSE_LOOK_MS : POLL_MS)
      const ending = program.ending()
      if (ending !== null) {
        if (outside !== null && program.unheard() !== null) await outside.look(true)
        return { type: 'ended', ending, driven }
      }
      if (request.signal.aborted) return { type: 'cut short', doubts: [], driven }

      // The census first: what it sees was there before any request that the pulse does not know of yet.
      const census = await program.census()
      const pulse = await program.pulse()
      for (const port of pulse?.dialled ?? []) dialled.add(port)
      if (!hasServed && pulse?.callers.some((port) => !dialled.has(port)) === true) {
        hasServed = true
        await program.startOthersAfresh()
      }
      // A program that calls its own server works; its baseline is from before that all the same.
      if (pulse === null || pulse.served.requests === 0) baseline = census
      if (driving === null && request.load !== null) {
        driving = request.load(census, load.signal)
        void driving?.then((outcome) => {
          driven = outcome
        })
      }
      const isDriven = request.load === null || driven !== null
      const why = outside === null || program.unheard() === null ? null : await outside.look(isDriven)
      if (why !== null) return { type: 'outside', why, driven }
      if (
        isDriven &&
        pulse !== null &&
        isServiceIdle(pulse) &&
        isQuiet(servedSignature(pulse)) &&
        (hasServed || !goesOn(await program.page()))
      )
        return { type: 'idle', baseline: baseline ?? census, driven }

      // Whoever else calls it may mean to wait; our own load wants answers.
      const owes = driving !== null && driven === null && pulse !== null && pulse.served.inFlight > 0
      const page = owes || (pulse !== null && pulse.open > 0) ? await program.page() : null
      const stalled = page === null ? null : stallSignature(page)
      const signature = stalled ?? (page === null || !owes ? null : unansweredSignature(page))
      if (isStalled(signature) && signature !== null) {
        isHungByEvidence = true
        return { type: 'hung', because: stalled === null ? 'unanswered' : 'stalled', driven }
      }
      const excusedMs = Math.min(MOST_EXCUSED_MS, program.starvedMs() - starvedBeforeMs)
      if (clock.nowMs() - startedMs - excusedMs >= request.timeoutMs)
        return {
          ...timeIsUp(await program.page(), program.unheard(), { hasServed, isLoading: driving !== null && driven === null }, request),
          driven,
        }
    }
  } finally {
    if (!isHungByEvidence) load.abort()
  }
}

/** And one look as soon as the program has ended. */
async function nextLook(program: Executed, { clock, signal }: WatchRequest, afterMs: number): Promise<void> {
  const over = new AbortController()
  await Promise.race([clock.sleep(afterMs, AbortSignal.any([over.signal, signal])), program.ended])
  over.abort()
}

const isServiceIdle = ({ served }: Pulse): boolean => served.requests > 0 && served.inFlight === 0

/** A job that calls its own servers pauses, and is not over, while it waits for an answer, reads one, or for a timer that fires once: it may do anything after that. */
function goesOn(page: LedgerPage | null): boolean {
  if (page === null) return true
  return (
    page.requests.some(({ headersAtMs, reader }) => headersAtMs === null || reader === 'active') ||
    page.handles.some(({ type, isReferenced, detail }) => type === 'Timeout' && isReferenced === true && detail === null)
  )
}

const servedSignature = ({ served }: Pulse): string => `${served.requests} ${served.accepted}`

/** Has it been the same for so long? Asked at every look. */
function steadyFor(ms: number, nowMs: () => number): (signature: string | null) => boolean {
  let last: string | null = null
  let sinceMs = nowMs()
  return (signature) => {
    if (signature === null || signature !== last) {
      last = signature
      sinceMs = nowMs()
    }
    return nowMs() - sinceMs >= ms
  }
}

type TimeUp = { readonly type: 'hung'; readonly because: HungBecause } | CutShort

interface Progress {
  readonly hasServed: boolean
  /** The load waits for its --ready, or is under way. */
  readonly isLoading: boolean
}

function timeIsUp(page: LedgerPage | null, unheard: string | null, { hasServed, isLoading }: Progress, { load }: WatchRequest): TimeUp {
  if (unheard !== null) return { type: 'cut short', doubts: [unheard] }
  if (page === null) return { type: 'hung', because: 'event loop blocked' }
  const listens = page.handles.some((handle) => handle.type === 'TCPSERVERWRAP')
  if (page.served.requests === 0 && page.requests.length === 0 && listens) {
    const who = load === null ? 'nobody called it' : 'the load could not begin'
    return { type: 'cut short', doubts: [`it listens, and ${who} before --timeout: give it --load <url>, or call it yourself`] }
  }
  if (hasServed && page.served.inFlight === 0) {
    const why = isLoading
      ? 'the load was not over before --timeout: it begins when --ready answers with 2xx'
      : 'it was never idle before --timeout: requests kept coming'
    return { type: 'cut short', doubts: [why] }
  }
  return { type: 'hung', because: 'timeout' }
}

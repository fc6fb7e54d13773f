/** Attempts that failed because no descriptor was left, whoever reports them, and under whatever name. */
import { readFileSync, statSync } from 'node:fs'
import type { Exhaustion } from '../model/ledger-page.ts'
import { type Book, REQUEST_SLOT, type RequestEntry } from './book.ts'
import { isOfWork } from './descent.ts'
import { type Capture, userFrame } from './stacks.ts'

/** One attempt that found no descriptor. */
interface Failure {
  readonly says: string
  readonly isDns: boolean
  capture: Capture | null
}

export interface ExhaustionBook {
  /** By the error itself: it is seen on several channels, and in what the work throws. */
  readonly failures: Map<object, Failure>
  /** More than are kept. */
  more: number
  /** At the first failure. */
  descriptors: number | null
  /** The soft limit when the work began: reading it takes a descriptor. */
  limit: number | null
}

export const emptyExhaustion = (): ExhaustionBook => ({ failures: new Map(), more: 0, descriptors: null, limit: null })

const MAX_FAILURES = 1_000
/** `fetch failed` hides its cause two deep, an AggregateError of several addresses one more. */
const MAX_DEPTH = 8

/** EMFILE: this process has no more; ENFILE: the whole machine has none. */
const NONE_LEFT: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE'])

type SystemError = object & {
  readonly code?: unknown
  readonly syscall?: unknown
  readonly hostname?: unknown
  readonly stack?: unknown
  readonly cause?: unknown
  readonly errors?: unknown
}

/** Soft limit of descriptors of this process; null where there is no /proc. */
export function descriptorLimit(): number | null {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return soft === undefined ? null : Number(soft)
  } catch {
    return null
  }
}

/** Descriptors in use now; takes none itself. Null where that cannot be told (Linux before 6.2, no /proc). */
function descriptorsNow(): number | null {
  try {
    return statSync('/proc/self/fd').size || null
  } catch {
    return null
  }
}

/** Notes an error that somebody got, if what lies at its bottom is that no descriptor was left. */
export function noteExhaustion(book: Book, error: unknown, capture: Capture | null): void {
  if (!isOfWork(book)) return
  for (const each of bottomOf(error, 0)) noteFailure(book.exhausted, each, capture)
}

function bottomOf(error: unknown, depth: number): readonly SystemError[] {
  if (typeof error !== 'object' || error === null || depth > MAX_DEPTH) return []
  const { code, syscall, cause, errors } = error as SystemError
  if (NONE_LEFT.has(code) || syscall === 'getaddrinfo') return [error]
  return [...(Array.isArray(errors) ? errors : []), cause].flatMap((each) => bottomOf(each, depth + 1))
}

function noteFailure(book: ExhaustionBook, error: SystemError, capture: Capture | null): void {
  const known = book.failures.get(error)
  if (known !== undefined) {
    known.capture ??= capture
    return
  }
  const descriptors = descriptorsNow()
  const isDns = error.syscall === 'getaddrinfo'
  // A resolver that cannot open its files says that the name is unknown, or to try again: believed only where descriptors are left.
  const isUsedUp = descriptors !== null && book.limit !== null && descriptors >= book.limit
  if (!NONE_LEFT.has(error.code) && !isUsedUp) return
  if (book.failures.size >= MAX_FAILURES) {
    book.more += 1
    return
  }
  if (book.failures.size === 0) book.descriptors = descriptors
  const { stack } = error
  const own = typeof stack === 'string' ? { frame: () => userFrame(stack) } : null
  const says = [error.syscall, error.code, isDns ? error.hostname : undefined].filter((word) => typeof word === 'string').join(' ')
  book.failures.set(error, { says, isDns, capture: capture ?? own })
}

/** The channels on which clients report that they found no connection. */
export function exhaustionRecorders(book: Book): Readonly<Record<string, (message: never) => void>> {
  function requestFailed({ request, error }: { request: { [REQUEST_SLOT]?: RequestEntry }; error: unknown }): void {
    noteExhaustion(book, error, request[REQUEST_SLOT]?.capture ?? null)
  }
  return { 'http.client.request.error': requestFailed, 'undici:request:error': requestFailed }
}

/** As the page shows it; null: no attempt failed for that. */
export function exhaustionOf({ failures, more, descriptors, limit }: ExhaustionBook): Exhaustion | null {
  if (failures.size === 0) return null
  const attempts = new Map<string, { says: string; isDns: boolean; count: number }>()
  for (const { says, isDns } of failures.values()) attempts.set(says, { says, isDns, count: (attempts.get(says)?.count ?? 0) + 1 })
  const frames = [...failures.values()].map(({ capture }) => capture?.frame() ?? null)
  return {
    count: failures.size + more,
    attempts: [...attempts.values()],
    descriptors,
    limit,
    openedAt: frames.find((frame) => frame !== null) ?? null,
  }
}

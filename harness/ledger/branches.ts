/**
 * Bodies of fetch that were split in two, by Response#clone or ReadableStream#tee: as long as one branch is neither read nor cancelled the body stays, and
 * with it the connection. Which body a stream is of no one tells; it is split right after it came, so it is the one that came last.
 */
import * as stream from 'node:stream'
import type { BranchState } from '../model/client-eyes.ts'
import type { Book, RequestEntry } from './book.ts'
import { isOfWork } from './descent.ts'
import { type Capture, captureStack } from './stacks.ts'

/** Node's own, which takes web streams as well; its types do not know that. */
const { isDisturbed } = stream as unknown as { isDisturbed(stream: object): boolean }

/** A body in two; held weakly, for whoever drops a Response is told by the collector that it was one. */
export interface Branches {
  readonly at: Capture
  readonly branches: readonly WeakRef<ReadableStream>[]
}

export function noteSplit(book: Book, branches: readonly ReadableStream[], skip: (...args: never[]) => unknown): void {
  if (!isOfWork(book)) return
  let last: RequestEntry | null = null
  for (const entry of book.requests) {
    const isCandidate = entry.client === 'fetch' && entry.headersAtMs !== null && entry.branches === null
    if (isCandidate && (entry.headersAtMs ?? 0) >= (last?.headersAtMs ?? 0)) last = entry
  }
  if (last !== null) last.branches = { at: captureStack(skip), branches: branches.map((branch) => new WeakRef(branch)) }
}

/** A branch that is gone was taken by the collector, unread or not: of that nothing is known. */
export function branchStates({ branches }: Branches): readonly BranchState[] {
  return branches.map((branch) => {
    const target = branch.deref()
    return target === undefined ? 'gone' : isDisturbed(target) ? 'taken' : 'unread'
  })
}

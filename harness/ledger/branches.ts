/**
 * Bodies of fetch that were split in two, by Response#clone or ReadableStream#tee: as long as one branch is neither read nor cancelled the body stays, and
 * with it the connection. Streams of the program's own are split as well, and so are the bodies of what it sends: those hold nothing and are left alone.
 */
import * as stream from 'node:stream'
import type { BranchState } from '../model/client-eyes.ts'
import { markBranches, requestOfBody } from './bodies.ts'
import type { Book } from './book.ts'
import { isOfWork } from './descent.ts'
import { type Capture, captureStack } from './stacks.ts'

/** Node's own, which takes web streams as well; its types do not know that. */
const { isDisturbed } = stream as unknown as { isDisturbed(stream: object): boolean }

/** A body in two; held weakly, for whoever drops a Response is told by the collector that it was one. */
export interface Branches {
  readonly at: Capture
  readonly branches: readonly WeakRef<ReadableStream>[]
}

export function noteSplit(
  book: Book,
  split: ReadableStream,
  branches: readonly ReadableStream[],
  skip: (...args: never[]) => unknown,
): void {
  markBranches(branches)
  const entry = isOfWork(book) ? requestOfBody(book, split) : undefined
  if (entry !== undefined) entry.branches = { at: captureStack(skip), branches: branches.map((branch) => new WeakRef(branch)) }
}

/** A branch that is gone was taken by the collector, unread or not: of that nothing is known. */
export function branchStates({ branches }: Branches): readonly BranchState[] {
  return branches.map((branch) => {
    const target = branch.deref()
    return target === undefined ? 'gone' : isDisturbed(target) ? 'taken' : 'unread'
  })
}

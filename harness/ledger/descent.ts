/** Whether what happens now is the work's doing. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Book } from './book.ts'

/** What runs inside `inWork` carries this. */
export interface OwnWork {
  /** It was given up: what it still does is nobody's concern. */
  isDisowned: boolean
}

/** Whose work runs, and within whose: a guarded test may ask about a part of itself. */
interface Descent {
  readonly work: OwnWork
  readonly within: Descent | undefined
}

/** Node carries it through callbacks and promises without any hook of ours (AsyncContextFrame, Node 24). */
const descent = new AsyncLocalStorage<Descent>()

/** Has any work of this process been disowned? While none has, most need not ask whose work it is: asking costs 0.2 us. */
let isAnyDisowned = false

/** What was run in it and still goes on is no concern of any ledger from now on. */
export function disown(work: OwnWork): void {
  work.isDisowned = true
  isAnyDisowned = true
}

/** Opened while somebody within the work watched for himself: his to judge, until he is done. */
export const NESTED = -2

/** Runs the work so that what it leads to, however late, is known as its own. */
export function inWork<T>(book: Book, work: () => T): T {
  book.work ??= { isDisowned: false }
  return descent.run({ work: book.work, within: descent.getStore() }, work)
}

/** Is what happens now to be counted as the work's? After its end a stranger's doings are not; where others work at the same time they never are. */
export const isOfWork = (book: Book): boolean => isWithin(book) && !isNested(book)

/** The iteration that what is opened now belongs to; -1 for none, `NESTED` for somebody who watches for himself. */
export const iterationNow = (book: Book): number => (isWithin(book) ? (isNested(book) ? NESTED : book.iteration) : -1)

/** Somebody watches for himself, and it is not the work's own doing: that may go on beside him. */
const isNested = (book: Book): boolean => book.nested > 0 && (book.work === null || descent.getStore()?.work !== book.work)

function isWithin(book: Book): boolean {
  if (book.iteration < 0) return false
  const isElse = !book.isStrict && (book.work === null || !book.isOver)
  // Nobody on the way could answer no.
  if (isElse && !isAnyDisowned) return true
  for (let at = descent.getStore(); at !== undefined; at = at.within) {
    if (at.work === book.work) return true
    if (at.work.isDisowned) return false
  }
  return isElse
}

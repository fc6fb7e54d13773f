/** Whether what happens now is the work's doing. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Book } from './book.ts'

/** Whose work runs. Node carries it through callbacks and promises without any hook of ours (AsyncContextFrame, Node 24). */
const descent = new AsyncLocalStorage<object>()

/** Runs the work so that what it leads to, however late, is known as its own. */
export function inWork<T>(book: Book, work: () => T): T {
  book.work ??= {}
  return descent.run(book.work, work)
}

/** Is what happens now to be counted as the work's? After its end a stranger's doings are not. */
export const isOfWork = (book: Book): boolean =>
  book.iteration >= 0 && !(book.isOver && book.work !== null && descent.getStore() !== book.work)

/** The iteration that what is opened now belongs to; -1 for none. */
export const iterationNow = (book: Book): number => (isOfWork(book) ? book.iteration : -1)

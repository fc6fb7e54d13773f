import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Book } from './book.ts'

/** Errors kept as text; more of the same teach nothing. */
const MAX_ERRORS = 5

/** Runs a recorder; what it throws never reaches the subject, it is noted and makes the verdict inconclusive. */
export function guarded<A extends readonly unknown[]>(book: Book, what: string, record: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      record(...args)
    } catch (error) {
      noteError(book, what, error)
    }
  }
}

/** What a recorder threw, kept as text. */
export function noteError(book: Book, what: string, error: unknown): void {
  if (book.subscriberErrors.length < MAX_ERRORS) book.subscriberErrors.push(`${what}: ${String(error)}`)
}

/** As `guarded`, for the one argument of a channel: no array is made of it for each message. */
function guardedListener(book: Book, name: string, record: (message: never) => void): ChannelListener {
  return (message) => {
    try {
      // What a channel carries is known by its name only.
      record(message as never)
    } catch (error) {
      noteError(book, name, error)
    }
  }
}

/** Subscribes recorders to diagnostics channels; the returned function undoes it. */
export function subscribeAll(book: Book, recorders: Readonly<Record<string, (message: never) => void>>): () => void {
  const listeners = Object.entries(recorders).map(([name, record]) => {
    const listener = guardedListener(book, name, record)
    subscribe(name, listener)
    return [name, listener] as const
  })
  return () => {
    for (const [name, listener] of listeners) unsubscribe(name, listener)
  }
}

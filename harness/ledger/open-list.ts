/** What an entry of an `OpenList` carries for it. */
export interface Linked<T> {
  before: T | null
  after: T | null
  isListed: boolean
}

/**
 * What is open, in the order it was opened. Its entries hold their own links: a Set hashes each and makes a new table every few entries, at 0.3 us
 * a request where all else that level `sampled` does takes 1.2.
 */
export class OpenList<T extends Linked<T>> {
  size = 0
  #first: T | null = null
  #last: T | null = null

  add(entry: T): void {
    if (entry.isListed) return
    entry.isListed = true
    entry.before = this.#last
    if (this.#last === null) this.#first = entry
    else this.#last.after = entry
    this.#last = entry
    this.size += 1
  }

  /** False: it was not there. */
  delete(entry: T): boolean {
    if (!entry.isListed) return false
    const { before, after } = entry
    if (before === null) this.#first = after
    else before.after = after
    if (after === null) this.#last = before
    else after.before = before
    // Whoever still holds an entry that is over shall not hold its neighbours.
    entry.before = null
    entry.after = null
    entry.isListed = false
    this.size -= 1
    return true
  }

  clear(): void {
    for (const entry of this) this.delete(entry)
  }

  /** Of those that are there now: whoever goes through them may delete any. */
  [Symbol.iterator](): ArrayIterator<T> {
    const all: T[] = []
    for (let at = this.#first; at !== null; at = at.after) all.push(at)
    return all[Symbol.iterator]()
  }
}

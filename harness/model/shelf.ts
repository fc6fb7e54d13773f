/** The servers of one suite, between two runs. */
/** A kind of server that can serve one run after the other, told by an object of its own. */
export interface ShelfKind<Server extends AsyncDisposable> {
  readonly title: string
  /** Nobody sets it: it is there for the type. */
  readonly server?: Server
}

/** Where servers wait, within one suite, for the next run that needs one. What stands there has been left by its last run; one run at a time has it. */
export interface Shelf {
  /** The caller's from now on; null when none stands there. */
  take<Server extends AsyncDisposable>(kind: ShelfKind<Server>): Server | null
  /** Back for the next; disposed of at once when the suite is over. */
  put<Server extends AsyncDisposable>(kind: ShelfKind<Server>, server: Server): Promise<void>
}

/** Disposing it ends what stands there, and what is put back afterwards. */
export function openShelf(): Shelf & AsyncDisposable {
  const waiting = new Map<object, AsyncDisposable[]>()
  let isClosed = false
  return {
    take<Server extends AsyncDisposable>(kind: ShelfKind<Server>): Server | null {
      // put() admits servers of this kind only.
      return (waiting.get(kind)?.pop() as Server | undefined) ?? null
    },
    async put(kind, server) {
      if (isClosed) return server[Symbol.asyncDispose]()
      waiting.set(kind, [...(waiting.get(kind) ?? []), server])
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      const servers = [...waiting.values()].flat()
      waiting.clear()
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
    },
  }
}

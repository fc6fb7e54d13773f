/** Who may have a connection, and which idle one has to go: the bookkeeping of capped pools over all their origins. */

/** Every cap absent: as many as you like. */
export interface ConnectionCaps {
  readonly maxPerHost?: number
  readonly maxTotal?: number
  readonly maxIdlePerHost?: number
  readonly maxIdleTotal?: number
}

/** One connection, open or about to be. */
export interface Place<C> {
  readonly origin: string
  readonly connection: C
  isBusy: boolean
  /** It was asked to close, and still counts until it has. */
  isLeaving: boolean
  /** Larger is later. */
  usedAt: number
}

/** Requests of one origin that wait. */
export interface Line {
  readonly origin: string
  isWaiting(): boolean
  /** Sends what has a place now. */
  pump(): void
}

export interface Connections<C> {
  /** An idle connection of the origin, or a new one where the caps allow it; null: wait in line. */
  take(origin: string, open: (lost: () => void) => C): Place<C> | null
  /** Its request is over. */
  give(place: Place<C>): void
  join(line: Line): void
  leave(line: Line): void
  /** Those of one origin. */
  of(origin: string): readonly Place<C>[]
  /** Closes the idle ones of an origin. */
  closeIdle(origin: string): Promise<void>
}

export function openConnections<C>(caps: ConnectionCaps, close: (connection: C) => Promise<unknown>): Connections<C> {
  const most = (cap: number | undefined): number => cap ?? Number.POSITIVE_INFINITY
  const places = new Set<Place<C>>()
  const lines = new Set<Line>()
  let now = 0

  const of = (origin: string): readonly Place<C>[] => [...places].filter((place) => place.origin === origin)
  /** Longest unused first. */
  const idleAmong = (some: Iterable<Place<C>>): readonly Place<C>[] =>
    [...some].filter(({ isBusy, isLeaving }) => !isBusy && !isLeaving).toSorted((a, b) => a.usedAt - b.usedAt)

  function remove(place: Place<C>): void {
    if (places.delete(place)) pumpAll()
  }

  async function letGo(place: Place<C>): Promise<void> {
    place.isLeaving = true
    // One that cannot be closed has gone already.
    await close(place.connection).catch(() => {})
    remove(place)
  }

  function take(origin: string, open: (lost: () => void) => C): Place<C> | null {
    const own = of(origin)
    // The one used last: so those that nobody needs grow old.
    const idle = idleAmong(own).at(-1)
    if (idle !== undefined) {
      idle.isBusy = true
      return idle
    }
    if (own.length >= most(caps.maxPerHost)) return null
    if (places.size >= most(caps.maxTotal)) {
      const stranger = [...places].some(({ isLeaving }) => isLeaving) ? undefined : idleAmong(places)[0]
      if (stranger !== undefined) void letGo(stranger)
      return null
    }
    const lost = (): void => {
      // A busy one is given back by its request, which hears of it as well.
      if (!place.isBusy && !place.isLeaving) void letGo(place)
    }
    const place: Place<C> = { origin, connection: open(() => lost()), isBusy: true, isLeaving: false, usedAt: 0 }
    places.add(place)
    return place
  }

  function trim(origin: string): void {
    const surplusHere = idleAmong(of(origin)).length - most(caps.maxIdlePerHost)
    for (const place of idleAmong(of(origin)).slice(0, Math.max(0, surplusHere))) void letGo(place)
    const surplus = idleAmong(places).length - most(caps.maxIdleTotal)
    for (const place of idleAmong(places).slice(0, Math.max(0, surplus))) void letGo(place)
  }

  /** Whoever was served goes to the end, so no origin starves another. */
  function pumpAll(): void {
    for (const line of [...lines]) {
      if (!line.isWaiting()) continue
      line.pump()
      if (lines.delete(line)) lines.add(line)
    }
  }

  return {
    take,
    of,
    give(place) {
      place.isBusy = false
      place.usedAt = ++now
      pumpAll()
      trim(place.origin)
    },
    join: (line) => void lines.add(line),
    leave: (line) => void lines.delete(line),
    closeIdle: async (origin) => void (await Promise.all(idleAmong(of(origin)).map(letGo))),
  }
}

import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import type { ClientEyes } from '../model/client-eyes.ts'
import type { LedgerLevel, LedgerPage, PoolRecovery, Pulse } from '../model/ledger-page.ts'
import { askPool } from './ask-pool.ts'
import { emptyBook, type RequestEntry, startAfresh, takeOver } from './book.ts'
import { disown, inWork, NESTED } from './descent.ts'
import { descriptorLimit, exhaustionRecorders, noteExhaustion } from './exhaustion.ts'
import { forgetAll, forgetEnded, readStacks } from './forget.ts'
import { http2Recorders } from './http2.ts'
import { nodeHttpRecorders } from './node-http.ts'
import { writePage } from './page.ts'
import { isGivenUpInQueue } from './page-requests.ts'
import { dialledPorts } from './ports.ts'
import { queueRecorders } from './queues.ts'
import { type ResourceWatch, serverRecorders, watchResources } from './resources.ts'
import { servedCounts, servedRecorders } from './served.ts'
import { inodeOf, isFromInside, noteAnsweredOn, socketRecorders } from './sockets.ts'
import { subscribeAll } from './subscriptions.ts'
import { undiciRecorders } from './undici.ts'
import { type WrappedMethods, wrapMethods } from './wrapped.ts'

/** Who opened what, inside the subject: requests, bodies, connections, handles. */
export interface Ledger {
  page(): LedgerPage
  pulse(): Pulse
  /** Everything open now becomes older than the baseline, everything counted starts again, at this level. Strict: only what descends from the work is its own. */
  startAfresh(level: LedgerLevel, isStrict?: boolean): void
  /** What follows belongs to iteration `n` of the work (from 0); new handles are noted from the first call on. */
  beginWork(iteration: number): void
  /** From here on only what descends from the work is noted as its own; without `inWork` that is every request and socket, and no handle. */
  endWork(): void
  /** Runs the work so that its descendants are known. */
  inWork<T>(work: () => T): T
  /** Is this accepted connection one that this very process opened? */
  isFromInside(accepted: Socket): boolean
  /** Takes in what the work threw: an error may tell that no descriptor was left. */
  noteError(error: unknown): void
  /** What was run in it and still goes on is no concern of any ledger from now on. */
  disown(): void
  /**
   * Somebody within the work watches for himself from now on, until the returned function is called: what he judges is not judged twice.
   * What he has left open by then is the work's own ('ours'), or has been answered for ('theirs'): then the inodes of such connections are returned.
   */
  nest(): (leftovers: 'ours' | 'theirs') => readonly string[]
  /** Lets go of every body that waits for a reader; returns how many. For the proof and for `findLeaks`' own cleaning up: this changes the subject. */
  releaseBodies(): number
  /** Closes idle pooled connections; returns how many. */
  closeIdle(): number
  /** The recovery probe (ask-pool.ts): for after a verdict, it opens and closes connections. Null: not a pool that can be asked. */
  askPool(poolId: number): Promise<PoolRecovery | null>
  /** For whoever watches as long as the process lives: drops what has ended and only a judgement would still ask for. */
  forgetEnded(): void
  /** Takes in another dispatcher whose queue and limit may be read. */
  handOver(pool: object): void
  stop(): void
}

/**
 * Starts the ledger. Imports nothing but node:, patches no client (wrapped.ts lists the node: methods wrapped at level `full`); level `off`
 * records nothing.
 * @param handedOver dispatchers whose queue and limit may be read.
 * @param eyes reads client state (probes/pools.ts); handed in, because ledger/ imports no probe.
 */
export function startLedger(eyes: ClientEyes, level: LedgerLevel, handedOver: readonly object[] = []): Ledger {
  const book = emptyBook(eyes, level, handedOver)
  const recorders = [
    { ...nodeHttpRecorders(book), ...undiciRecorders(book), ...socketRecorders(book), ...serverRecorders(), ...http2Recorders(book) },
    // Apart, because two of them may listen to one channel; after the first, on whose notes they rest.
    servedRecorders(book, { answeredOn: noteAnsweredOn, isFromInside: (accepted) => isFromInside(book, accepted) }),
    exhaustionRecorders(book),
    queueRecorders(book),
  ]
  const unsubscribes = level === 'off' ? [] : recorders.map((each) => subscribeAll(book, each))
  let watch: ResourceWatch | null = null
  let wrapped: WrappedMethods | null = null
  let isExcused = false

  function waitsForReader(entry: RequestEntry): boolean {
    return entry.headersAtMs !== null
  }

  return {
    startAfresh(level, isStrict = false) {
      watch?.stop()
      watch = null
      wrapped?.restore()
      wrapped = null
      book.handles.clear()
      readStacks(book)
      startAfresh(book)
      book.level = level
      book.isStrict = isStrict
    },
    page: () => writePage(book, wrapped),
    pulse: () => ({
      served: servedCounts(book.served),
      sent: book.sent,
      ok: book.ok,
      failed: book.failed,
      open: book.requests.size,
      callers: [...book.served.callers],
      dialled: dialledPorts(book),
    }),
    beginWork(iteration) {
      book.iteration = iteration
      book.isOver = false
      book.seesImmediates = false
      if (book.level !== 'off') book.exhausted.limit ??= descriptorLimit()
      if (book.level !== 'full') return
      watch ??= watchResources(book)
      wrapped ??= wrapMethods(book)
    },
    endWork() {
      book.isOver = true
      if (book.work === null) watch?.endWork()
    },
    inWork: (work) => (book.level === 'full' ? inWork(book, work) : work()),
    isFromInside: (accepted) => isFromInside(book, accepted),
    noteError(error) {
      noteExhaustion(book, error, null)
      // Somebody's own timer may have ended the wait: now is when that is known best.
      for (const entry of book.requests) isGivenUpInQueue(book, entry)
    },
    disown() {
      if (book.work !== null) disown(book.work)
    },
    nest() {
      book.nested += 1
      return (leftovers) => {
        book.nested -= 1
        isExcused ||= leftovers === 'theirs'
        // Of several at the same time nobody can tell here who left what: the excuse of one is the excuse of all.
        if (book.nested > 0) return []
        const excused = isExcused ? [...book.sockets].filter((entry) => entry.iteration === NESTED) : []
        takeOver(book, NESTED, isExcused ? -1 : book.iteration)
        isExcused = false
        return excused.flatMap(({ socket }) => inodeOf(socket) ?? [])
      }
    },
    releaseBodies() {
      const waiting = [...book.requests].filter(waitsForReader)
      for (const entry of waiting) {
        const { response } = entry
        // undici hands out no body to a bystander; its connection is what the body holds.
        if (response !== null) response.destroy()
        else entry.socket?.socket.destroy()
      }
      // What nobody sends any more is let go of as well: its pool has the connection back.
      for (const entry of book.uploads) (entry.request as ClientRequest).destroy()
      return waiting.length + book.uploads.size
    },
    closeIdle() {
      const page = writePage(book, wrapped)
      // What its pool does not know to be gone is found, not tidied away.
      const idle = new Set(page.sockets.filter((socket) => socket.isIdle && !socket.isHollow).map((socket) => socket.id))
      for (const entry of book.sockets) if (idle.has(entry.id)) entry.socket.destroy()
      return idle.size
    },
    askPool: (poolId) => askPool(book, poolId),
    forgetEnded: () => forgetEnded(book),
    handOver: (pool) => void book.handedOver.add(pool),
    stop() {
      book.isStopped = true
      watch?.stop()
      watch = null
      wrapped?.restore()
      wrapped = null
      for (const unsubscribe of unsubscribes) unsubscribe()
      forgetAll(book)
    },
  }
}

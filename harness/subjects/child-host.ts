/** The inside of a watched child: answers the parent's questions, keeps the ledger. Imports nothing but node: and our node:-only parts. */
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { countHandles } from '../probes/handles.ts'
import { clientEyes } from '../probes/pools.ts'
import { type ChildOrders, errorText, type FromChild, type Questions, type ToChild } from './child-protocol.ts'
import { takeOwnDebugPort } from './debug-port.ts'
import { touchStandardStreams } from './standard-streams.ts'

/** What the child is there for, made from its orders. */
export interface Errand {
  /** Origin of the service it serves, if it serves one. */
  readonly serviceOrigin: string | null
  runWork(round: number): Promise<void>
  /** Lines the work wants in the report. */
  measured(): readonly string[]
  abandon(): void
  stop(): Promise<void>
}

/** `onlyWaits` tells the parent that the work needs no processor for a while. */
export type PrepareErrand = (orders: ChildOrders, ledger: Ledger, onlyWaits: () => void) => Promise<Errand>

/** Hosts one errand until the parent says stop or goes away. */
export function hostErrand(prepare: PrepareErrand): void {
  let ledger: Ledger | null = null
  let errand: Errand | null = null

  const answers: { readonly [K in keyof Questions]: (ask: Questions[K]['ask']) => Promise<Questions[K]['answer']> } = {
    async prepare(orders) {
      touchStandardStreams()
      takeOwnDebugPort()
      ledger = startLedger(clientEyes, orders.level)
      errand = await prepare(orders, ledger, () => send({ event: 'only-waits' }))
      return { serviceOrigin: errand.serviceOrigin }
    },
    census: async () => ({ handles: countHandles() }),
    page: async () => hired(ledger).page(),
    async beginWork(iteration) {
      hired(ledger).beginWork(iteration)
      return null
    },
    async runWork(round) {
      try {
        const { runWork } = hired(errand)
        // Inside the work's own context, so that what it leads to later is known as its own.
        await hired(ledger).inWork(() => runWork(round))
        return { type: 'done' }
      } catch (error) {
        hired(ledger).noteError(error)
        return { type: 'threw', error: errorText(error) }
      }
    },
    async endWork() {
      hired(ledger).endWork()
      // From here on only what the work left behind keeps the process; when nothing does, 'beforeExit' tells.
      process.channel?.unref()
      return null
    },
    async abandonWork() {
      hired(errand).abandon()
      return null
    },
    async releaseBodies() {
      // A body torn away under a wrapper without an error listener throws; that is our doing, not the subject's.
      if (process.listenerCount('uncaughtException') === 0) process.on('uncaughtException', () => {})
      return hired(ledger).releaseBodies()
    },
    measured: async () => hired(errand).measured(),
    closeIdle: async () => hired(ledger).closeIdle(),
    askPool: async (poolId) => hired(ledger).askPool(poolId),
    async stop() {
      await errand?.stop()
      return null
    },
  }

  process.on('message', (message: ToChild) => void answer(message))
  // The parent's death is ours: nobody would stop us otherwise.
  process.on('disconnect', () => process.exit(0))
  // A terminal's Ctrl-C reaches the whole group; the parent decides what becomes of us.
  process.on('SIGINT', () => {})
  process.on('beforeExit', () => {
    process.channel?.ref()
    send({ event: 'would-exit' })
  })

  async function answer({ id, question, ask }: ToChild): Promise<void> {
    try {
      send({ id, answer: await answers[question](ask as never) })
    } catch (error) {
      send({ id, failed: errorText(error) })
    }
  }
}

function send(message: FromChild): void {
  if (process.connected) process.send?.(message)
}

function hired<T>(part: T | null): T {
  if (part === null) throw new Error('the child has no orders yet')
  return part
}

import { HarnessError } from '../../model/errors.ts'
import { EXIT_CODE_OF_SIGNAL, type Interrupt, type Io } from './io.ts'

/** Ctrl-C and its kin during a run. */
export interface Interruption {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** Which one it was; null: none so far. */
  by(): Interrupt | null
  /** Stops listening. */
  stop(): void
}

const INTERRUPTS = Object.keys(EXIT_CODE_OF_SIGNAL) as Interrupt[]

/** The first signal asks the run to stop and tell what it has; the second one ends the process. */
export function listenForInterruption(io: Pick<Io, 'signals' | 'exitNow'>, onFirst: (interrupt: Interrupt) => void): Interruption {
  const controller = new AbortController()
  let first: Interrupt | null = null
  const listeners = INTERRUPTS.map((interrupt) => {
    const listener = (): void => {
      if (first !== null) {
        io.exitNow(EXIT_CODE_OF_SIGNAL[interrupt])
        return
      }
      first = interrupt
      onFirst(interrupt)
      controller.abort(new HarnessError('INTERRUPTED', `interrupted by ${interrupt}`))
    }
    io.signals.on(interrupt, listener)
    return { interrupt, listener }
  })
  return {
    signal: controller.signal,
    by: () => first,
    stop: () => {
      for (const { interrupt, listener } of listeners) io.signals.off(interrupt, listener)
    },
  }
}

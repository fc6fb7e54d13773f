import { holdResponses } from '../ledger/held-responses.ts'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { registeredLedger } from '../ledger/registered.ts'
import { HarnessError } from '../model/errors.ts'
import type { ResolvedOptions } from '../model/options.ts'
import { countDescriptors } from '../probes/descriptors.ts'
import { countHandles } from '../probes/handles.ts'
import { clientEyes } from '../probes/pools.ts'
import { runDelayMs } from '../probes/run-delay.ts'
import { keepSpareDescriptors } from './spare-descriptors.ts'
import { touchStandardStreams } from './standard-streams.ts'
import type { Subject } from './subject.ts'
import { takeCensus, theKernelProbe } from './take-census.ts'
import { TOOL_VERSION } from './version.ts'

// Taken when this file is loaded: a test may put fake timers in its place.
const nextTurn = setImmediate

/** The ledger that register started keeps one book: a watch within another has a ledger of its own. */
let isRegisteredInUse = false

/**
 * This very process as the subject: the work is a function of the caller's.
 * @param isStrict others work here at the same time: only what descends from the work is its own.
 * @throws {HarnessError} NOT_REGISTERED when `forbidGcRescue` is asked for and register was not loaded.
 */
export function watchThisProcess(
  work: (ledger: Ledger) => unknown,
  options: ResolvedOptions,
  isStrict = false,
): Subject & { readonly ledger: Ledger } {
  theKernelProbe()
  touchStandardStreams()
  if (options.forbidGcRescue && registeredLedger(TOOL_VERSION) === null)
    throw new HarnessError(
      'NOT_REGISTERED',
      'forbidGcRescue was asked for, and watertight/register is not loaded in this process: garbage collection may hide an unread fetch body',
      'start it with node --import watertight/register (in a test runner: NODE_OPTIONS="--import watertight/register"), or leave the option out',
    )
  const registered = isRegisteredInUse ? null : registeredLedger(TOOL_VERSION)
  if (registered !== null) isRegisteredInUse = true
  const letGo = options.forbidGcRescue ? holdResponses() : () => {}
  const ledger = registered ?? startLedger(clientEyes, options.level)
  ledger.startAfresh(options.level, isStrict)
  for (const pool of options.pools) ledger.handOver(pool)
  const spare = keepSpareDescriptors()
  const { pid } = process
  return {
    pid,
    ledger,
    async census(detail) {
      return spare.lend(() => takeCensus(pid, performance.now(), detail === undefined ? null : countHandles()))
    },
    gauge: () => countDescriptors(pid),
    // A worker of a test runner has an event loop of its own.
    starvedMs: () => runDelayMs('thread-self'),
    async takeTurns() {
      // The first may have been under way already.
      for (let turn = 0; turn < 2; turn += 1) await new Promise<void>((resolve) => void nextTurn(resolve))
    },
    async page() {
      return options.level === 'off' ? null : ledger.page()
    },
    async beginWork(iteration) {
      ledger.beginWork(iteration)
    },
    async runWork() {
      try {
        await work(ledger)
        return { type: 'done' }
      } catch (error) {
        ledger.noteError(error)
        // Whoever rejects with nothing has failed as well.
        return { type: 'threw', error: error ?? new Error(`the work threw ${error}`) }
      }
    },
    async endWork() {
      ledger.endWork()
    },
    async abandonWork() {},
    async releaseBodies() {
      return ledger.releaseBodies()
    },
    async closeIdle() {
      return ledger.closeIdle()
    },
    askPool: (poolId) => ledger.askPool(poolId),
    async [Symbol.asyncDispose]() {
      spare[Symbol.dispose]()
      letGo()
      // The one that register started goes on: it knows what is older than the next baseline.
      if (registered === null) return ledger.stop()
      isRegisteredInUse = false
      ledger.startAfresh('sampled')
    },
  }
}

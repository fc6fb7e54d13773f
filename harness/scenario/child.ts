/** Entry of the child of a run: one variant of one scenario. */
import { flushCompileCache } from 'node:module'
import type { Ledger } from '../ledger/ledger.ts'
import type { BackendAddress } from '../model/backend.ts'
import { HarnessError } from '../model/errors.ts'
import type { Scenario, WorkContext } from '../model/scenario.ts'
import { type Errand, hostErrand } from '../subjects/child-host.ts'
import type { ChildOrders } from '../subjects/child-protocol.ts'
import { importModule } from './import-module.ts'

async function prepare(orders: ChildOrders, ledger: Ledger, onlyWaits: () => void): Promise<Errand> {
  const module = (await importModule(orders.file)) as unknown as { default: Scenario }
  const variant = module.default.cases[orders.case]?.[orders.variant]
  if (variant === undefined) throw new HarnessError('UNKNOWN_SCENARIO', `${module.default.name} has no ${orders.variant} variant`)
  const controller = new AbortController()
  const measured: string[] = []
  const context = (iteration: number): WorkContext => ({
    get backend() {
      return backendOf(orders.backend, module.default.name)
    },
    signal: controller.signal,
    iteration,
    handOver: (pool) => ledger.handOver(pool),
    measured: (line) => void measured.push(line),
    onlyWaits,
  })
  // Now, because a child is killed in the end. Only what nobody had compiled before is written.
  flushCompileCache()
  const service = variant.serve === undefined ? null : await variant.serve(context(0))
  return {
    serviceOrigin: service?.origin ?? null,
    async runWork(round) {
      await variant.work?.(context(round))
    },
    measured: () => measured,
    abandon: () => controller.abort(),
    async stop() {
      controller.abort()
      await service?.close()
      // And what the work has loaded.
      flushCompileCache()
    },
  }
}

function backendOf(address: BackendAddress | null, name: string): BackendAddress {
  if (address === null)
    throw new HarnessError('INVALID_SCENARIO', `scenario ${name} asks for a backend but names none`, 'add `backend: s3Backend({ ... })`')
  return address
}

// Ours alone (compile-cache.ts): what the subject starts is plain Node.
delete process.env.NODE_COMPILE_CACHE
hostErrand(prepare)

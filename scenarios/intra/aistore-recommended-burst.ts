/**
 * A node asks 20 others 100 times each at once, with the idle limits of AIStore's document (20 s, 2000 in all, 100 to a host) and with those of a development
 * cluster (6 s, 256, 32): how much stays, what it costs, and when it is gone. Nothing leaks in either; the first is what operators are told to pay for.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { askJson } from '../../fixtures/cluster/ask.ts'
import type { BurstOutcome } from '../../fixtures/cluster/burst.ts'
import { clusterBackend, nodesOf } from '../../fixtures/cluster/index.ts'
import { type NodeCount, sumOf } from '../../fixtures/cluster/node-count.ts'
import { ranked } from '../../fixtures/cluster/placement.ts'
import type { ClusterProfile, NodeAddress } from '../../fixtures/cluster/settings.ts'
import type { Watch } from '../../fixtures/cluster/starved.ts'
import { objectKey } from '../../fixtures/s3-backend/content.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { goroutineAlert, goroutinesOf } from '../../harness/limits/aistore-goroutines.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const HOSTS = 20
const PER_HOST = 100
const SIZE_BYTES = 100
/** A timer counts whole milliseconds. */
const EARLY_MS = 50
const POLL_MS = 20
/** So many that each of 21 targets has some. */
const OBJECTS = 400
/** For the machine: timers of http.Agent are exact. */
const TOLERANCE_MS = 1_000
/** What stays idle, for how long, and the alert with 2, 4 and 8 CPUs. */
const MUST = {
  recommended: { idle: 2_000, goroutines: 4_000, alerts: 'high-number-of-goroutines, number-of-goroutines, ok', idleMs: 20_000 },
  dev: { idle: 256, goroutines: 512, alerts: 'ok, ok, ok', idleMs: 6_000 },
} as const satisfies Record<ClusterProfile, object>

const burst = (profile: ClusterProfile): Work =>
  async function asksEveryHost(context) {
    const { idle, goroutines, alerts, idleMs } = MUST[profile]
    const [asking, ...others] = nodesOf(context.backend).targets
    if (asking === undefined) throw new Error('the cluster has no target')
    const objects = Object.fromEntries(others.map(({ id }) => [id, ownedBy(id, context)]))
    const { answered, spreadMs, count } = await askJson<BurstOutcome>(asking.control, 'POST', '/v1/burst', { times: PER_HOST, objects })
    const seen = {
      answered,
      opened: count.opened,
      idle: sumOf(count, 'idle'),
      goroutines: goroutinesOf(sumOf(count, 'idle') + sumOf(count, 'active'), 0),
      alerts: '',
    }
    seen.alerts = [2, 4, 8].map((cpus) => goroutineAlert(seen.goroutines, cpus)).join(', ')
    context.measured(
      `${seen.opened} connections opened, ${seen.idle} idle, ${seen.goroutines} goroutines; with 2, 4, 8 CPUs: ${seen.alerts}`,
    )
    const all = HOSTS * PER_HOST
    same(seen, { answered: all, opened: all, idle, goroutines, alerts })
    await othersHold(asking, context, idle)

    context.onlyWaits()
    const { elapsedMs, starvedMs } = await askJson<Watch>(asking.control, 'GET', '/v1/emptied')
    const afterMs = elapsedMs - starvedMs
    await othersHold(asking, context, 0)
    if (afterMs > idleMs + TOLERANCE_MS || elapsedMs + spreadMs < idleMs - EARLY_MS)
      throw new Error(`${idleMs} ms of idling took ${Math.round(afterMs)} ms`)
    const starved = starvedMs > 0 ? `, and ${(starvedMs / 1_000).toFixed(1)} s in which it got no turn` : ''
    context.measured(`zero idle connections within ${idleMs / 1_000} s: after ${(afterMs / 1_000).toFixed(1)} s${starved}`)
  }

function same(seen: object, must: object): void {
  if (JSON.stringify(seen) !== JSON.stringify(must)) throw new Error(`expected ${JSON.stringify(must)}, got ${JSON.stringify(seen)}`)
}

/** An object it has: so that it asks no other target for it. */
function ownedBy(id: string, { backend }: WorkContext): string {
  const { targets } = nodesOf(backend)
  const objects = Array.from({ length: OBJECTS }, (_, index) => `${backend.bucket}/${objectKey(index)}`)
  const object = objects.find((each) => ranked(targets, each)[0]?.id === id)
  if (object === undefined) throw new Error(`of ${OBJECTS} objects ${id} has none`)
  return object
}

/** Both ends say the same, once what one end has closed has reached the other. Targets ask each other when they fetch; what is left of that is taken off. */
async function othersHold(asking: NodeAddress, { backend, signal }: WorkContext, connections: number): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const nodes = await askJson<readonly NodeCount[]>(nodesOf(backend).gateway.control, 'GET', '/v1/cluster/count')
    const targets = nodes.filter(({ role }) => role === 'target')
    const accepted = targets.reduce((sum, { server }) => sum + server.connections, 0)
    const ofOthers = targets
      .filter(({ id }) => id !== asking.id)
      .reduce((sum, { peers }) => sum + sumOf(peers, 'idle') + sumOf(peers, 'active'), 0)
    if (accepted - ofOthers === connections) return
    await wait(POLL_MS)
  }
}

const cluster = (profile: ClusterProfile) =>
  clusterBackend({ objects: OBJECTS, sizeBytes: SIZE_BYTES, targets: HOSTS + 1, processes: 2, transport: 'node:http', profile })

export default defineScenario({
  name: 'aistore-recommended-burst',
  layer: 'intra',
  client: 'cluster',
  shows:
    'after 100 requests to each of 20 hosts 2,000 connections are idle for 20 s with the limits AIStore recommends, or 256 for 6 s in development',
  backend: cluster('recommended'),
  leaky: { work: burst('recommended'), expects: { verdict: 'clean' } },
  fixed: { work: burst('dev'), expects: { verdict: 'clean' }, backend: cluster('dev') },
})

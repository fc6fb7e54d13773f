/** AIStore counts goroutines: 512 for each CPU are a warning, 1,024 are critical. A server has one for each connection it accepted, so the edges can be met exactly. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { askJson } from '../../fixtures/cluster/ask.ts'
import { clusterBackend, nodesOf } from '../../fixtures/cluster/index.ts'
import type { NodeCount } from '../../fixtures/cluster/node-count.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

/** Of which there is one here: connections are then goroutines, and the edges are at 512 and 1,024. */
const CPUS = 1
/** Bits 14 and 15 of the state flags. */
const WARNING = 2 ** 14
const CRITICAL = 2 ** 15
/** Below, at and above each edge. */
const EDGES = [
  [511, 'ok', 0],
  [512, 'number-of-goroutines', WARNING],
  [513, 'number-of-goroutines', WARNING],
  [1_023, 'number-of-goroutines', WARNING],
  [1_024, 'high-number-of-goroutines', CRITICAL],
  [1_025, 'high-number-of-goroutines', CRITICAL],
] as const

async function meetsEveryEdge({ backend, measured }: WorkContext): Promise<void> {
  const [target] = nodesOf(backend).targets
  if (target === undefined) throw new Error('the cluster has no target')
  const { hostname, port } = new URL(target.origin)
  const open: Socket[] = []
  try {
    for (const [connections, alert, bit] of EDGES) {
      open.push(...(await connectTo(hostname, Number(port), connections - open.length)))
      const seen = await countAt(target.control, connections)
      const flags = seen.stateFlags & (WARNING | CRITICAL)
      if (seen.alert !== alert || flags !== bit)
        throw new Error(`${connections} goroutines with ${CPUS} CPU are ${seen.alert} (flags ${seen.stateFlags}) instead of ${alert}`)
      measured(`${connections} goroutines, ${CPUS} CPU: ${seen.alert}, state flags ${seen.stateFlags}`)
    }
  } finally {
    for (const socket of open) socket.destroy()
  }
  const { alert } = await countAt(target.control, 0)
  if (alert !== 'ok') throw new Error(`without a connection it still says ${alert}`)
}

function connectTo(host: string, port: number, count: number): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, host)
      await once(socket, 'connect')
      return socket
    }),
  )
}

/** A connection is accepted, and seen to be closed, a moment after we know. */
async function countAt(control: string, goroutines: number): Promise<NodeCount> {
  for (;;) {
    const count = await askJson<NodeCount>(control, 'GET', '/v1/count')
    if (count.goroutines === goroutines) return count
  }
}

export default defineScenario({
  name: 'alert-thresholds',
  layer: 'server',
  client: 'cluster',
  shows:
    'with 512 goroutines for each CPU a node is at number-of-goroutines, with 1,024 at high-number-of-goroutines: one below each edge it is not',
  backend: clusterBackend({ objects: 0, sizeBytes: 0, targets: 1, processes: 1, transport: 'node:http', cpus: CPUS }),
  fixed: { work: meetsEveryEdge, expects: { verdict: 'clean' } },
})

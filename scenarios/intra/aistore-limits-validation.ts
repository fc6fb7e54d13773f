/** What AIStore refuses to be configured with is refused by its own bounds and in its own words, and then nothing is applied, on no node. */
import { askJson } from '../../fixtures/cluster/ask.ts'
import type { Change, Drained } from '../../fixtures/cluster/control.ts'
import { clusterBackend, nodesOf } from '../../fixtures/cluster/index.ts'
import type { NodeCount } from '../../fixtures/cluster/node-count.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

type Changes = Readonly<Record<string, string | number>>

/** cmn/config.go, HTTPConf.Validate. The cluster runs with 2000 and 100. */
const REFUSED: readonly (readonly [Changes, string])[] = [
  [{ idle_conn_time: '31s' }, 'invalid idle_conn_time 31s (expecting a positive value below max = 30s, or 0 for system default 6s)'],
  [{ idle_conn_time: '-1s' }, 'invalid idle_conn_time -1s (expecting a positive value below max = 30s, or 0 for system default 6s)'],
  [{ backend_idle_conn_time: '-1s' }, 'invalid backend_idle_conn_time -1s (expecting a positive value or 0 for system default 6s)'],
  [{ idle_conns: 4097 }, 'invalid idle_conns 4097 (expecting range [0 - 4096])'],
  [{ idle_conns: -1 }, 'invalid idle_conns -1 (expecting range [0 - 4096])'],
  [{ idle_conns_per_host: 129 }, 'invalid idle_conns_per_host: 129 (expecting range [0 - 128])'],
  [{ idle_conns: 0, idle_conns_per_host: 5 }, 'invalid idle_conns_per_host: 5 (expecting range [0 - 0])'],
  // 100 per host stay, and 50 in all are fewer.
  [{ idle_conns: 50 }, 'invalid idle_conns_per_host: 100 (expecting range [0 - 50])'],
  // One that is right does not help the one that is wrong.
  [{ idle_conn_time: '10s', idle_conns: 4097 }, 'invalid idle_conns 4097 (expecting range [0 - 4096])'],
]

/** The ends of every range. */
const ACCEPTED: readonly Changes[] = [
  { idle_conn_time: '30s' },
  { idle_conns: 4096, idle_conns_per_host: 128 },
  { idle_conns: 0, idle_conns_per_host: 0 },
  { idle_conn_time: '0', backend_idle_conn_time: '2m' },
  { idle_conns: 2000, idle_conns_per_host: 100 },
]

const change = ({ backend }: WorkContext, changes: Changes): Promise<Change> => {
  const keyed = Object.fromEntries(Object.entries(changes).map(([key, value]) => [`net.http.${key}`, value]))
  return askJson<Change>(nodesOf(backend).gateway.control, 'POST', '/v1/cluster/config', keyed)
}

/** Settings of each node, and how many changes it has applied. */
async function stateOf({ backend }: WorkContext): Promise<string> {
  const { control } = nodesOf(backend).gateway
  const nodes = await askJson<readonly NodeCount[]>(control, 'GET', '/v1/cluster/count')
  const drained = await askJson<readonly Drained[]>(control, 'GET', '/v1/cluster/drained')
  return JSON.stringify([nodes.map(({ id, settings }) => [id, settings]), drained.map(({ changes }) => changes.length)])
}

const textOf = (changes: Changes): string =>
  Object.entries(changes)
    .map(([key, value]) => `net.http.${key}=${value}`)
    .join(' ')

async function isRefused(context: WorkContext): Promise<void> {
  const before = await stateOf(context)
  for (const [changes, error] of REFUSED) {
    const answer = await change(context, changes)
    const [said] = answer.type === 'refused' ? answer.mistakes : []
    if (said?.error !== error) throw new Error(`${textOf(changes)} was answered ${JSON.stringify(answer)}`)
    if ((await stateOf(context)) !== before) throw new Error(`${textOf(changes)} was refused, and applied all the same`)
    context.measured(`${textOf(changes)}: ${said.error}; applied on no node`)
  }
}

async function isApplied(context: WorkContext): Promise<void> {
  for (const changes of ACCEPTED) {
    const answer = await change(context, changes)
    if (answer.type === 'refused') throw new Error(`${textOf(changes)} was refused: ${JSON.stringify(answer.mistakes)}`)
    context.measured(`${textOf(changes)}: applied on ${answer.nodes.join(', ')}`)
  }
}

export default defineScenario({
  name: 'aistore-limits-validation',
  layer: 'intra',
  client: 'cluster',
  shows: 'net.http settings beyond a bound of AIStore are refused with that bound, in its words, and nothing is applied on any node',
  backend: clusterBackend({ objects: 0, sizeBytes: 0, targets: 2, processes: 1, transport: 'node:http', profile: 'recommended' }),
  // Nothing leaks in either: what is wrong is refused before it can do harm.
  leaky: { work: isRefused, expects: { verdict: 'clean' } },
  fixed: { work: isApplied, expects: { verdict: 'clean' } },
})

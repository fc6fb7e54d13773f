/**
 * Idle time and caps between the nodes of a cluster are lowered three times while its pools are full. Nobody notices: every request has one answer, its own,
 * and the connections of before are gone in time.
 */
import { createHash } from 'node:crypto'
import { Pool } from 'undici'
import { askJson } from '../../fixtures/cluster/ask.ts'
import type { Change, Drained } from '../../fixtures/cluster/control.ts'
import { clusterBackend, nodesOf } from '../../fixtures/cluster/index.ts'
import type { NodeCount } from '../../fixtures/cluster/node-count.ts'
import { contentChunks, objectKey } from '../../fixtures/s3-backend/content.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const REQUESTS = 50_000
const OBJECTS = 24
const SIZE_BYTES = 256
/** Requests in flight: many at first, so that the pools are wide; then half of them, so that there is as much idle as busy when the limits change. */
const WIDE = 100
const NARROW = 50
const WIDE_REQUESTS = 5_000
/** Each lower than the one before: 20 s, 2000, 100 at the start. */
const CHANGES = [
  { at: 15_000, seconds: 10, idle_conns: 256, idle_conns_per_host: 32 },
  { at: 27_500, seconds: 5, idle_conns: 64, idle_conns_per_host: 16 },
  { at: 40_000, seconds: 1, idle_conns: 8, idle_conns_per_host: 4 },
] as const
/** What a change promises: the old connections are gone within the new idle time, and this. */
const TOLERANCE_MS = 1_000
/** Of the clients' own pool, which is closed in the end: longer than a busy machine makes anybody wait. */
const POOL_IDLE_MS = 25_000
/** It takes 5 s; a machine on which twenty others run gives it a tenth of a processor. */
const BUSY_MS = 200_000
/** Looks at both ends until they agree: what one end has closed the other sees a moment later. */
const LOOKS = 200

type Nodes = ReturnType<typeof nodesOf>

const digestOf = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('base64')

async function changesLimitsUnderLoad({ backend, handOver, measured, signal }: WorkContext): Promise<void> {
  const nodes = nodesOf(backend)
  const pool = new Pool(backend.origin, { connections: WIDE, keepAliveTimeout: POOL_IDLE_MS, keepAliveMaxTimeout: POOL_IDLE_MS })
  handOver(pool)
  const digests = Array.from({ length: OBJECTS }, (_, index) => digestOf(Buffer.concat([...contentChunks(objectKey(index), SIZE_BYTES)])))
  const changes: Promise<Change>[] = []
  let next = 0
  let answered = 0

  async function ask(): Promise<void> {
    const id = next
    next += 1
    const path = `/v1/objects/${backend.bucket}/${objectKey(id % OBJECTS)}`
    const { statusCode, headers, body } = await pool.request({ path, method: 'GET', headers: { 'x-request-id': String(id) } })
    const bytes = await body.bytes()
    if (statusCode !== 200) throw new Error(`request ${id} was answered ${statusCode}: ${Buffer.from(bytes)}`)
    if (headers['x-request-id'] !== String(id)) throw new Error(`request ${id} was given the answer to ${headers['x-request-id']}`)
    if (digestOf(bytes) !== digests[id % OBJECTS]) throw new Error(`request ${id} was answered with other bytes`)
    answered += 1
    const due = CHANGES[changes.length]
    if (answered === due?.at) changes.push(lower(nodes, due))
  }

  async function askUntil(total: number): Promise<void> {
    while (next < total) {
      signal.throwIfAborted()
      await ask()
    }
  }

  const inFlight = (many: number, total: number) => Promise.all(Array.from({ length: many }, () => askUntil(total)))
  await inFlight(WIDE, WIDE_REQUESTS)
  await inFlight(NARROW, REQUESTS)
  if (answered !== REQUESTS) throw new Error(`${answered} of ${REQUESTS} requests were answered`)
  await pool.close()
  for (const change of await Promise.all(changes))
    if (change.type !== 'applied') throw new Error(`a change was refused: ${JSON.stringify(change)}`)
  measured(`old idle connections were gone after ${(await haveOldConnectionsLeft(nodes)).join(', ')} ms`)
  measured(`${REQUESTS} requests, ${await isEachAnsweredOnce(nodes)} answers, each its own and once`)
}

const lower = ({ gateway }: Nodes, { seconds, idle_conns, idle_conns_per_host }: (typeof CHANGES)[number]): Promise<Change> =>
  askJson<Change>(gateway.control, 'POST', '/v1/cluster/config', {
    'net.http.idle_conn_time': `${seconds}s`,
    idle_conns,
    idle_conns_per_host,
  })

/** How long that took after each change, at the node that was slowest, ms. */
async function haveOldConnectionsLeft({ gateway }: Nodes): Promise<readonly number[]> {
  const slowestMs: number[] = CHANGES.map(() => 0)
  for (const { node, changes } of await askJson<readonly Drained[]>(gateway.control, 'GET', '/v1/cluster/drained')) {
    if (changes.length !== CHANGES.length) throw new Error(`${node} was changed ${changes.length} times`)
    for (const [index, { seconds }] of CHANGES.entries()) {
      const idleMs = changes[index]?.idleMs ?? Number.POSITIVE_INFINITY
      slowestMs[index] = Math.max(slowestMs[index] ?? 0, Math.round(idleMs))
      if (idleMs > seconds * 1_000 + TOLERANCE_MS)
        throw new Error(`${node} kept idle connections of before for ${idleMs} ms after a change to ${seconds} s`)
    }
  }
  return slowestMs
}

/** By the count of those who answered, and both ends agree on what is still open. */
async function isEachAnsweredOnce(nodes: Nodes): Promise<number> {
  const counts = () => askJson<readonly NodeCount[]>(nodes.gateway.control, 'GET', '/v1/cluster/count')
  const [gateway, ...targets] = await counts()
  const answered = targets.reduce((sum, { served }) => sum + served.store + served.cloud + served.neighbour, 0)
  if (gateway?.server.requests !== REQUESTS || answered !== REQUESTS)
    throw new Error(`the gateway was asked ${gateway?.server.requests} times, and targets answered ${answered} times`)
  const widest = Math.max(...(gateway?.peers.hosts.map(({ idle }) => idle) ?? []))
  if (widest > 4) throw new Error(`${widest} idle connections to one host, with a cap of 4`)
  for (let look = 0; look < LOOKS; look += 1) {
    const all = await counts()
    const opened = all.reduce(
      (sum, { peers }) => sum + peers.retiring + peers.hosts.reduce((open, { active, idle }) => open + active + idle, 0),
      0,
    )
    const accepted = all.filter(({ role }) => role === 'target').reduce((sum, { server }) => sum + server.connections, 0)
    if (opened === accepted) return answered
  }
  throw new Error('nodes and their peers do not agree on what is open between them')
}

export default defineScenario({
  name: 'live-reconfiguration',
  layer: 'intra',
  client: 'cluster',
  shows:
    'idle time and caps of a cluster are lowered three times under 50,000 requests: none is lost or answered twice, and the old connections leave in time',
  backend: clusterBackend({ objects: OBJECTS, sizeBytes: SIZE_BYTES, targets: 2, processes: 2, profile: 'recommended' }),
  fixed: { work: changesLimitsUnderLoad, expects: { verdict: 'clean' }, workTimeoutMs: BUSY_MS },
})

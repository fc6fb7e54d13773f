/**
 * A transport like fasthttp's has 512 connections to a host and waits for none: the 513th request is refused, where others would queue. Whoever takes that
 * for the failure of all forgets the 512 answers it has.
 */
import { buffer } from 'node:stream/consumers'
import { clusterBackend, nodesOf } from '../../fixtures/cluster/index.ts'
import { createTransport, FASTHTTP_GATE, type Gate } from '../../fixtures/cluster/transport.ts'
import { objectKey } from '../../fixtures/s3-backend/content.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

const REQUESTS = 513
/** From 65,536 bytes on an unread body holds its connection (facts.md). */
const SIZE_BYTES = 65_536
const IDLE_MS = 1_000
const LIMITS = { idleMs: IDLE_MS, maxIdleTotal: 256, maxIdlePerHost: 32, keepAlive: true }
/** With a limit to the waiting: longer than a busy machine makes one of 513 wait. */
const PATIENT_GATE: Gate = { maxPerHost: FASTHTTP_GATE.maxPerHost, waitMs: 30_000 }

async function askAll({ backend, measured }: WorkContext, gate: Gate) {
  const [target] = nodesOf(backend).targets
  const transport = await createTransport('undici', LIMITS, gate)
  const path = `/v1/objects/${backend.bucket}/${objectKey(0)}`
  const asked = Array.from({ length: REQUESTS }, () => transport.request({ origin: target?.origin ?? '', path }))
  const { hosts, refused } = transport.count()
  measured(`${REQUESTS} requests at once: ${refused} refused, ${hosts.reduce((sum, { queued }) => sum + queued, 0)} queued`)
  return asked
}

async function givesUpOnTheFirstError(context: WorkContext): Promise<void> {
  const answers = await Promise.allSettled(await askAll(context, FASTHTTP_GATE))
  const refused = answers.find((answer) => answer.status === 'rejected')
  if (refused !== undefined) throw refused.reason
}

async function waitsForItsTurn(context: WorkContext): Promise<void> {
  const asked = await askAll(context, PATIENT_GATE)
  const lengths = await Promise.all(asked.map(async (answer) => (await buffer((await answer).body)).length))
  const whole = lengths.filter((length) => length === SIZE_BYTES).length
  if (whole !== REQUESTS) throw new Error(`${whole} of ${REQUESTS} answers had their ${SIZE_BYTES} bytes`)
}

export default defineScenario({
  name: 'peer-transport-refusal',
  layer: 'intra',
  client: 'cluster',
  shows:
    'a transport of 512 connections a host that waits for none refuses the 513th request; the 512 answers that are forgotten then are unread',
  backend: clusterBackend({ objects: 1, sizeBytes: SIZE_BYTES, targets: 1, processes: 1, transport: 'node:http' }),
  leaky: { work: givesUpOnTheFirstError, expects: { verdict: 'leaked', codes: ['UNREAD_BODY'] } },
  fixed: { work: waitsForItsTurn, expects: { verdict: 'clean', connectionsAtMost: FASTHTTP_GATE.maxPerHost } },
})

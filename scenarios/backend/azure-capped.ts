/** The same forgetting with an agent of 25 connections: the 26th download waits for ever. */

import { azureBackend } from '../../fixtures/emulators/azure-backend.ts'
import { openContainer } from '../../fixtures/emulators/azure-container.ts'
import { objectKey } from '../../fixtures/s3-backend/index.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent } from '../node-http.ts'

const CONNECTIONS = 25
/** So many downloads, of one blob: a second one would show nothing more. */
const DOWNLOADS = 40
const SIZE_BYTES = 1_000_000
/** Longer than a busy machine pauses between two requests, or the second takes a connection of its own. */
const IDLE_MS = 2_000
/** Before azurite, which has sent it all into the kernel's buffers, closes what it takes for idle: after 5 s. */
const CONTRACT_MS = 3_000

const makeAgent = (): Agent => new Agent({ keepAlive: true, maxSockets: CONNECTIONS, timeout: IDLE_MS })

async function downloadUnread({ backend, signal }: WorkContext): Promise<void> {
  const container = await openContainer(backend, { agent: makeAgent() })
  for (let index = 0; index < DOWNLOADS; index += 1) {
    signal.throwIfAborted()
    await container.getBlobClient(objectKey(0)).download()
  }
}

async function downloadWhole({ backend, signal }: WorkContext): Promise<void> {
  const container = await openContainer(backend, { agent: makeAgent() })
  let bytes = 0
  for (let index = 0; index < DOWNLOADS; index += 1) {
    signal.throwIfAborted()
    bytes += (await container.getBlobClient(objectKey(0)).downloadToBuffer()).length
  }
  if (bytes !== DOWNLOADS * SIZE_BYTES) throw new Error(`${bytes} bytes came, not ${DOWNLOADS * SIZE_BYTES}`)
}

export default defineScenario({
  name: 'azure-capped',
  layer: 'backend',
  client: 'azure',
  shows: 'downloads of the Azure SDK that are not read fill an agent of 25 and block request 26',
  backend: azureBackend({ objects: 1, sizeBytes: SIZE_BYTES }),
  limits: 'go-article',
  idleTimeoutMs: CONTRACT_MS,
  leaky: { work: downloadUnread, expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: 26 } },
  fixed: { work: downloadWhole, expects: { verdict: 'clean', connectionsAtMost: 2 } },
})

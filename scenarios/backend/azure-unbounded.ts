/** Azure's own defaults know no limit: each download whose stream is not read takes a connection, and nothing ever blocks to tell of it. */

import { azureBackend } from '../../fixtures/emulators/azure-backend.ts'
import { openContainer } from '../../fixtures/emulators/azure-container.ts'
import { objectKey } from '../../fixtures/s3-backend/index.ts'
import type { WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent } from '../node-http.ts'

/** So many downloads, of one blob: a second one would show nothing more. */
const DOWNLOADS = 60
const SIZE_BYTES = 1_000_000
/** Longer than a busy machine pauses between two requests, or the second takes a connection of its own. */
const IDLE_MS = 2_000
/** Before azurite, which has sent it all into the kernel's buffers, closes what it takes for idle: after 5 s. */
const CONTRACT_MS = 3_000

async function downloadUnread({ backend, signal }: WorkContext): Promise<void> {
  const container = await openContainer(backend)
  for (let index = 0; index < DOWNLOADS; index += 1) {
    signal.throwIfAborted()
    await container.getBlobClient(objectKey(0)).download()
  }
}

async function downloadWhole({ backend, signal }: WorkContext): Promise<void> {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS })
  const container = await openContainer(backend, { agent })
  let bytes = 0
  for (let index = 0; index < DOWNLOADS; index += 1) {
    signal.throwIfAborted()
    bytes += (await container.getBlobClient(objectKey(0)).downloadToBuffer()).length
  }
  if (bytes !== DOWNLOADS * SIZE_BYTES) throw new Error(`${bytes} bytes came, not ${DOWNLOADS * SIZE_BYTES}`)
}

export default defineScenario({
  name: 'azure-unbounded',
  layer: 'backend',
  client: 'azure',
  shows: "with the Azure SDK's defaults every download that is not read holds a connection of its own, without a limit",
  backend: azureBackend({ objects: 1, sizeBytes: SIZE_BYTES }),
  limits: 'azure',
  idleTimeoutMs: CONTRACT_MS,
  leaky: { work: downloadUnread, expects: { verdict: 'leaked', codes: ['UNREAD_BODY'] } },
  fixed: { work: downloadWhole, expects: { verdict: 'clean', connectionsAtMost: 2 } },
})

/** Azure's switch for keep-alive turns nothing off: it leads to Node's global agent, which keeps connections alive since Node 19. */

import { azureBackend } from '../../fixtures/emulators/azure-backend.ts'
import { type AzureOptions, openContainer } from '../../fixtures/emulators/azure-container.ts'
import { objectKey } from '../../fixtures/s3-backend/index.ts'
import type { Work } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent } from '../node-http.ts'

const DOWNLOADS = 5
const SIZE_BYTES = 1_000
/** Both ends let a connection idle for 5 s; Node's server adds one. */
const CONTRACT_MS = 8_000

const downloadWith = (options: () => AzureOptions): Work =>
  async function downloads({ backend, signal }) {
    const container = await openContainer(backend, options())
    let bytes = 0
    for (let index = 0; index < DOWNLOADS; index += 1) {
      signal.throwIfAborted()
      const { readableStreamBody } = await container.getBlobClient(objectKey(0)).download()
      for await (const chunk of readableStreamBody ?? []) bytes += chunk.length
    }
    if (bytes !== DOWNLOADS * SIZE_BYTES) throw new Error(`${bytes} bytes came, not ${DOWNLOADS * SIZE_BYTES}`)
  }

export default defineScenario({
  name: 'azure-keepalive-off-ignored',
  layer: 'backend',
  client: 'azure',
  shows: 'keepAliveOptions.enable: false of the Azure SDK has no effect: 5 requests go over 1 connection',
  backend: azureBackend({ objects: 1, sizeBytes: SIZE_BYTES }),
  limits: 'keep-alive-off',
  idleTimeoutMs: CONTRACT_MS,
  leaky: {
    work: downloadWith(() => ({ keepAliveOptions: { enable: false } })),
    expects: { verdict: 'misconfigured', codes: ['LIMIT_UNENFORCED'] },
  },
  fixed: { work: downloadWith(() => ({ agent: new Agent({ keepAlive: false }) })), expects: { verdict: 'clean' } },
})

/**
 * The far end of bench/overhead.ts, a process of its own: a client that asks for small bodies, under a ledger or a peer of it, and says what that
 * cost. The server is in another one, so that only the client's own work is counted.
 */
import { Agent, get } from 'node:http'
import type { LedgerLevel } from '../harness/model/ledger-page.ts'
import { type BenchClient, type BenchLevel, type CostAnswer, type CostOrder, PEERS, type Peer } from './overhead.ts'

/** Connections a client may open: as many as the most that is asked at once, so that nobody queues. */
const CONNECTIONS = 10

type Ask = () => Promise<unknown>

/** How each client makes one request and reads its body; loaded on demand, because a package of undici changes built-in fetch (facts.md). */
const CLIENTS: { readonly [K in BenchClient]: (origin: string) => Promise<Ask> } = {
  async 'undici.request'(origin) {
    const { Pool } = await import('undici')
    const pool = new Pool(origin, { connections: CONNECTIONS })
    return async () => (await pool.request({ path: '/object', method: 'GET' })).body.text()
  },
  async fetch(origin) {
    return async () => (await fetch(`${origin}/object`)).text()
  },
  async 'node:http'(origin) {
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
    return () =>
      new Promise((resolve, reject) => {
        get(`${origin}/object`, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject)
      })
  },
  async 'aws-sdk'(origin) {
    const { S3Client, GetObjectCommand } = await import('@aws-sdk/client-s3')
    const { NodeHttpHandler } = await import('@smithy/node-http-handler')
    const requestHandler = new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true, maxSockets: CONNECTIONS }) })
    const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' }
    const s3 = new S3Client({ endpoint: origin, region: 'us-east-1', forcePathStyle: true, credentials, requestHandler })
    return async () => (await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'object' }))).Body?.transformToByteArray()
  },
}

async function ask(one: Ask, requests: number, atOnce: number): Promise<void> {
  let left = requests
  const lane = async (): Promise<void> => {
    while (left-- > 0) await one()
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

async function beClient(client: BenchClient, level: BenchLevel, origin: string): Promise<void> {
  if (isPeer(level)) await loadPeer(level)
  const one = await CLIENTS[client](origin)
  const inWork = level === 'none' || level === 'again' || isPeer(level) ? (work: () => Promise<void>) => work() : await underLedger(level)
  process.on('message', async ({ requests, atOnce }: CostOrder) => {
    const before = process.cpuUsage()
    await inWork(() => ask(one, requests, atOnce))
    const { user, system } = process.cpuUsage(before)
    process.send?.({ cpuUs: user + system } satisfies CostAnswer)
  })
}

const isPeer = (level: BenchLevel): level is Peer => (PEERS as readonly string[]).includes(level)

/** Before anything else, as each of them asks for. */
async function loadPeer(peer: Peer): Promise<void> {
  switch (peer) {
    case 'why-is-node-running':
      await import('why-is-node-running')
      return
    case 'wtfnode':
      await import('wtfnode')
      return
    case 'leaked-handles':
      // @ts-expect-error It has no types.
      await import('leaked-handles')
  }
}

/** The ledger as a watched program has it: started before the work, which runs inside it. */
async function underLedger(level: LedgerLevel): Promise<(work: () => Promise<void>) => Promise<void>> {
  const { startLedger } = await import('../harness/ledger/ledger.ts')
  const { clientEyes } = await import('../harness/probes/pools.ts')
  const ledger = startLedger(clientEyes, level)
  ledger.beginWork(0)
  return (work) => ledger.inWork(work)
}

const [client, level, origin] = process.argv.slice(2)
process.on('disconnect', () => process.exit(0))
await beClient(client as BenchClient, level as BenchLevel, origin ?? '')
process.send?.({ ready: true })

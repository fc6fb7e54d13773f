/** What the toxic scenarios share: objects are compared with their copies across a network that fails, and it is the error path that is tried. */
import { objectKey } from '../fixtures/s3-backend/index.ts'
import { objectPath } from '../fixtures/s3-backend/object-path.ts'
import { toxicBackend } from '../fixtures/toxics/toxic-backend.ts'
import type { Toxic } from '../fixtures/toxics/toxics.ts'
import type { BackendAddress, FindingCode, ScenarioDefinition, Work } from '../harness/index.ts'

const OBJECTS = 3
const SIZE_BYTES = 1_000_000
/** How long a caller waits for a copy. Every toxic that only delays delays longer. */
const PATIENCE_MS = 700
/** And for headers that no toxic holds up: on a busy machine the first call of the SDK takes longer than any patience, and what fails here is the body. */
const UNSPOILT_MS = 30_000
const IDLE_MS = 500
/** What comes late (1.5 s) has come by then, and what is idle has gone. */
const CONTRACT_MS = 3_000

/** An answer whose headers have come. */
interface OpenBody {
  bytes(): Promise<Uint8Array>
  destroy(): void
}
type Open = (key: string, signal?: AbortSignal) => Promise<OpenBody>

/** Each keeps connections, and lets idle ones go; it loads its library when it is run. */
const CLIENTS: Readonly<Record<string, (store: BackendAddress) => Promise<Open>>> = {
  async 'aws-sdk'({ origin, region, credentials, bucket }) {
    const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
    const { NodeHttpHandler } = await import('@smithy/node-http-handler')
    const requestHandler = new NodeHttpHandler({ httpAgent: { keepAlive: true, timeout: IDLE_MS } })
    // One attempt: the error path is what is tried, and a retry would hide it.
    const s3 = new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true, maxAttempts: 1, requestHandler })
    return async function getByAws(key, signal) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }), signal && { abortSignal: signal })
      const body = Body as NonNullable<typeof Body> & { destroy(): void }
      // The SDK forgets its signal once the headers are in.
      signal?.addEventListener('abort', () => body.destroy(), { once: true })
      return { bytes: () => body.transformToByteArray(), destroy: () => body.destroy() }
    }
  },
  async undici(store) {
    const { Agent, request } = await import('undici')
    const dispatcher = new Agent({ keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS })
    return async function getByUndici(key, signal) {
      const url = `${store.origin}${await objectPath(store, key)}`
      const { body } = await request(url, { dispatcher, ...(signal && { signal }) })
      // Its destroy() tells of itself as an error, which nobody waits for any more.
      return { bytes: () => body.bytes(), destroy: () => void body.on('error', () => {}).destroy() }
    }
  },
}

/** Counts from the call: a step before it that took long costs none of it. */
const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS)

/** The promise, or an error when patience ends first. */
function inTime<Value>(promise: Promise<Value>, ms = PATIENCE_MS): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`nothing within ${ms} ms`)), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

interface Stores {
  /** As ever. */
  readonly near: Open
  /** Across the network that fails. */
  readonly far: Open
  /** How long a caller waits for its headers. */
  readonly headersMs: number
}

/** An object and its copy, the former opened first; what goes wrong with the latter leaves the former as it is: open. */
async function compareCarelessly({ near, far, headersMs }: Stores, key: string, seenEnough: AbortSignal): Promise<void> {
  const original = await near(key)
  // Aborted by nobody but the harness, once it has seen what is left.
  const copy = await inTime(far(key, seenEnough), headersMs)
  const theirs = await inTime(copy.bytes())
  if (!Buffer.from(theirs).equals(await original.bytes())) throw new Error(`the copy of ${key} differs`)
}

async function compareWithCare({ near, far }: Stores, key: string): Promise<void> {
  const opened: OpenBody[] = []
  try {
    const original = await near(key)
    opened.push(original)
    const copy = await far(key, patience())
    opened.push(copy)
    const theirs = await inTime(copy.bytes())
    if (!Buffer.from(theirs).equals(await original.bytes())) throw new Error(`the copy of ${key} differs`)
  } finally {
    for (const body of opened) body.destroy()
  }
}

const comparing = (client: string, { spoils }: Toxic, compare: typeof compareCarelessly): Work =>
  async function comparesCopies({ backend, signal }) {
    const { more } = backend
    const open = CLIENTS[client]
    if (more?.kind !== 'toxic' || open === undefined) throw new Error(`no ${client}, or no network that fails`)
    const headersMs = spoils === 'headers' ? PATIENCE_MS : UNSPOILT_MS
    const stores = { near: await open({ ...backend, origin: more.directOrigin }), far: await open(backend), headersMs }
    const keys = Array.from({ length: OBJECTS }, (_, index) => objectKey(index))
    const outcomes = await Promise.allSettled(keys.map((key) => compare(stores, key, signal)))
    // A toxic without effect would make everything clean.
    const failed = outcomes.filter(({ status }) => status === 'rejected').length
    if (failed !== OBJECTS) throw new Error(`${OBJECTS - failed} of ${OBJECTS} comparisons did not fail`)
  }

/**
 * All of a toxic scenario but its name and what it shows.
 * @param codes what leaks on the error path.
 */
export function toxicFrame(toxic: Toxic, codes: readonly FindingCode[]): Omit<ScenarioDefinition, 'name' | 'shows'> {
  const caseOf = (client: string) =>
    ({
      leaky: { work: comparing(client, toxic, compareCarelessly), expects: { verdict: 'leaked', codes } },
      fixed: { work: comparing(client, toxic, compareWithCare), expects: { verdict: 'clean' } },
    }) as const
  return {
    layer: 'faults',
    client: 'aws-sdk, undici',
    backend: toxicBackend({ objects: OBJECTS, sizeBytes: SIZE_BYTES }, toxic),
    idleTimeoutMs: CONTRACT_MS,
    cases: Object.fromEntries(Object.keys(CLIENTS).map((client) => [client, caseOf(client)])),
  }
}

/** The server answers an upload after its first part and reads no more: the call settles, the file and the connection stay. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { BackendAddress, Work } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent } from '../node-http.ts'

/** More than the kernel takes in on both ends of a connection (4 MB and 6 MB at most by default), so that an upload cannot end unread. */
const UPLOAD_BYTES = 32_000_000
const UPLOADS = 3
const IDLE_MS = 1_000

/** Rejects with what the server said. */
type Put = (backend: BackendAddress, agent: Agent, name: string, body: Readable) => Promise<unknown>
/** By the case that runs it. */
type Load = () => Promise<Put>

const awsSdk: Load = async () => {
  const [{ PutObjectCommand, S3Client }, { NodeHttpHandler }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@smithy/node-http-handler'),
  ])
  return function putByAws({ origin, region, credentials, targetBucket: Bucket }, httpAgent, Key, Body) {
    const requestHandler = new NodeHttpHandler({ httpAgent })
    const s3 = new S3Client({ endpoint: origin, region, credentials, forcePathStyle: true, requestHandler, maxAttempts: 1 })
    return s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: UPLOAD_BYTES }))
  }
}

const withAxios: Load = async () => {
  const { default: axios } = await import('axios')
  return function putByAxios({ origin, targetBucket }, httpAgent, key, body) {
    return axios.put(`${origin}/${targetBucket}/${key}`, body, {
      httpAgent,
      headers: { 'content-length': UPLOAD_BYTES },
      maxBodyLength: Number.POSITIVE_INFINITY,
      // With redirects allowed axios keeps a copy of all that was sent.
      maxRedirects: 0,
    })
  }
}

const uploads = (load: Load, letsGo: boolean): Work =>
  async function uploadEach({ backend }) {
    const put = await load()
    const agent = new Agent({ keepAlive: true, timeout: IDLE_MS })
    for (let index = 0; index < UPLOADS; index += 1) {
      const photo = createReadStream('/dev/zero', { end: UPLOAD_BYTES - 1 })
      try {
        await put(backend, agent, `photo-${index}`, photo)
        throw new Error('the server took the upload')
      } catch (error) {
        if (!is413(error)) throw error
      } finally {
        if (letsGo) {
          photo.destroy()
          agent.destroy()
        }
      }
    }
  }

const is413 = (error: unknown): boolean => {
  const { $metadata, response } = error as { $metadata?: { httpStatusCode?: number }; response?: { status?: number } }
  return ($metadata?.httpStatusCode ?? response?.status) === 413
}

const both = (load: Load) =>
  ({
    leaky: { work: uploads(load, false), expects: { verdict: 'leaked', codes: ['REQUEST_BODY_ABANDONED', 'FILE_LEFT_OPEN'] } },
    fixed: { work: uploads(load, true), expects: { verdict: 'clean' } },
  }) as const

export default defineScenario({
  name: 'upload-abandoned',
  layer: 'backend',
  client: 'aws-sdk, axios',
  shows:
    'an upload that the server refuses after its first part leaves its file open and its connection taken, although the call has settled',
  backend: s3Backend({
    objects: 0,
    sizeBytes: 0,
    faults: [
      { match: '/target/', method: 'PUT', answer: { status: 413, bodyBytes: 300, code: 'EntityTooLarge', afterUploadBytes: 65_536 } },
    ],
  }),
  cases: { 'aws-sdk': both(awsSdk), axios: both(withAxios) },
})

/** Profiles of Node's own clients and server, of undici, and of the SDKs of the clouds. Each was read off the running thing. */
import { IDLE_CLIENTS, SERVER_BUFFER_MS } from './idle-deadline.ts'
import type { LimitProfile, Source } from './limit-profile.ts'
import { NONE, said } from './said.ts'

const NODE: Source = { source: 'node:http, read off a new Agent and Server', version: '24.21.0', date: '2026-11-28' }
const UNDICI: Source = { source: 'undici lib/dispatcher/client.js and lib/core/connect.js', version: '8.12.4', date: '2026-11-28' }
const SMITHY: Source = { source: '@smithy/node-http-handler, with @aws-sdk/client-s3 3.1169.0', version: '4.14.2', date: '2026-11-28' }
const MINIO_JS: Source = { source: 'minio internal/client: transportAgent is http.globalAgent', version: '8.0.7', date: '2026-11-28' }
const AZURE: Source = { source: '@azure/storage-blob, @typespec/ts-http-runtime nodeHttpClient', version: '12.34.0', date: '2026-11-28' }
const GCS: Source = { source: '@google-cloud/storage, teeny-request agents: { forever: true }', version: '8.4.0', date: '2026-11-28' }
const OFF: Source = {
  source: 'Go DisableKeepAlives, AIStore idle_conns_per_host -1, Azure keepAliveOptions.enable false',
  version: '-',
  date: '2026-11-28',
}

/** What any http.Agent has in common. */
const agent = (from: Source) =>
  ({
    maxIdlePerHost: said(256, from, 'maxFreeSockets; 0 becomes 256 as well'),
    maxTotal: said(NONE, from),
    atLimit: said('queues', from),
    keepAlive: said(true, from),
    hint: said('shortens', from, 'by hint - 1 s, and only where it has a timeout of its own'),
    tcpKeepAliveMs: said(1_000, from),
    poolWaitMs: said(NONE, from),
    dialMs: said(NONE, from, 'node:http has no timeout for connecting'),
    tlsMs: said(NONE, from),
    headersMs: said(NONE, from),
    bodyMs: said(NONE, from),
    totalMs: said(NONE, from),
  }) as const

export const NODE_PROFILES = [
  {
    name: 'undici',
    role: 'client',
    dialect: 'undici',
    about: 'undici, and so built-in fetch, when nobody configures anything.',
    limits: {
      maxPerHost: said(NONE, UNDICI, 'connections'),
      maxTotal: said(NONE, UNDICI, 'has no such option'),
      maxIdlePerHost: said(NONE, UNDICI, 'has no such option'),
      maxIdleTotal: said(NONE, UNDICI, 'has no such option'),
      atLimit: said('queues', UNDICI),
      keepAlive: said(true, UNDICI),
      idleMs: said(IDLE_CLIENTS.undici.idleMs, UNDICI, 'keepAliveTimeout'),
      maxIdleMs: said(IDLE_CLIENTS.undici.maxIdleMs, UNDICI, 'keepAliveMaxTimeout'),
      hint: said('overrides', UNDICI, 'by hint - 2 s, up to keepAliveMaxTimeout'),
      poolWaitMs: said(NONE, UNDICI),
      dialMs: said(10_000, UNDICI, 'connect.timeout; TLS is within it'),
      tlsMs: said(10_000, UNDICI, 'within connect.timeout'),
      headersMs: said(300_000, UNDICI),
      bodyMs: said(300_000, UNDICI),
      totalMs: said(NONE, UNDICI),
    },
  },
  {
    name: 'http-global-agent',
    role: 'client',
    dialect: 'node-http',
    about: 'http.globalAgent: http.get and http.request without an agent.',
    limits: {
      ...agent(NODE),
      maxPerHost: said(NONE, NODE),
      idleMs: said(IDLE_CLIENTS['http.globalAgent'].idleMs, NODE),
      bodyMs: said(NONE, NODE, "its timeout of 5 s only emits 'timeout' on a busy request; nobody ends it"),
    },
  },
  {
    name: 'http-agent-keepalive',
    role: 'client',
    dialect: 'node-http',
    about: 'new http.Agent({ keepAlive: true }): it has no idle timeout and ignores the hint.',
    limits: { ...agent(NODE), maxPerHost: said(NONE, NODE), idleMs: said(NONE, NODE) },
  },
  {
    name: 'http-server',
    role: 'server',
    dialect: 'http-server',
    about: 'http.createServer() of Node.',
    limits: {
      idleMs: said(5_000, NODE, 'keepAliveTimeout'),
      idleBufferMs: said(SERVER_BUFFER_MS, NODE, 'keepAliveTimeoutBuffer'),
      sendsHint: said(true, NODE),
      readHeadersMs: said(60_000, NODE, 'headersTimeout'),
      requestMs: said(300_000, NODE, 'requestTimeout'),
      checkEveryMs: said(30_000, NODE, 'connectionsCheckingInterval'),
      maxRequestsPerSocket: said(NONE, NODE),
      maxConnections: said(NONE, NODE),
    },
  },
  {
    name: 'aws-sdk',
    role: 'client',
    dialect: 'aws-sdk',
    about: 'The AWS SDK for JavaScript v3 when nobody configures anything.',
    limits: {
      ...agent(SMITHY),
      maxPerHost: said(50, SMITHY),
      idleMs: said(NONE, SMITHY),
      dialMs: said(NONE, SMITHY, 'connectionTimeout'),
      headersMs: said(NONE, SMITHY, 'requestTimeout 0; it only warns unless throwOnRequestTimeout'),
      headersOnlyWarn: said(true, SMITHY, 'without throwOnRequestTimeout'),
      bodyMs: said(NONE, SMITHY, 'socketTimeout'),
    },
  },
  {
    name: 'minio-js',
    role: 'client',
    dialect: 'node-http',
    about: "MinIO's client for JavaScript: it goes through http.globalAgent.",
    limits: { ...agent(MINIO_JS), maxPerHost: said(NONE, MINIO_JS), idleMs: said(IDLE_CLIENTS['minio-js'].idleMs, MINIO_JS) },
  },
  {
    name: 'azure',
    role: 'client',
    dialect: 'azure',
    about: '@azure/storage-blob: an Agent with keepAlive and nothing else.',
    limits: { ...agent(AZURE), maxPerHost: said(NONE, AZURE), idleMs: said(NONE, AZURE) },
  },
  {
    name: 'gcs',
    role: 'client',
    dialect: 'gcs',
    about: '@google-cloud/storage: an Agent with keepAlive and nothing else.',
    limits: {
      ...agent(GCS),
      maxPerHost: said(NONE, GCS),
      idleMs: said(NONE, GCS),
      totalMs: said(60_000, GCS, 'timeout of a request that is no stream'),
    },
  },
  {
    name: 'keep-alive-off',
    role: 'client',
    dialect: 'node-http',
    about: 'A connection per request: what a client promises that was told to keep none.',
    limits: { keepAlive: said(false, OFF), maxIdlePerHost: said(0, OFF), maxIdleTotal: said(0, OFF) },
  },
] as const satisfies readonly LimitProfile[]

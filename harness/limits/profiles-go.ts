/** Profiles of what is written in Go: AIStore, the article's job, net/http, fasthttp, MinIO. */
import { AISTORE_DEFAULT_IDLE_MS, AISTORE_DEFAULT_IDLE_PER_HOST, AISTORE_MAX_IDLE_MS } from './aistore-numbers.ts'
import type { LimitProfile, Source } from './limit-profile.ts'
import { NONE, said } from './said.ts'

const AIS_CODE: Source = { source: 'NVIDIA/aistore cmn/client.go and cmn/config.go', version: '5.0 (583e7729)', date: '2026-08-21' }
const AIS_SERVER: Source = { source: 'NVIDIA/aistore ais/htcommon.go', version: '5.0 (583e7729)', date: '2026-08-21' }
/** The document this began with; by now its own numbers have moved on, too. */
const AIS_DOCUMENT: Source = { source: 'NVIDIA/aistore docs/idle_connections.md', version: '20157ebc0', date: '2025-07-03' }
const AIS_DEV: Source = { source: 'NVIDIA/aistore deploy/dev/local/aisnode_config.sh', version: '5.0 (583e7729)', date: '2026-08-21' }
const AIS_FASTHTTP: Source = { source: 'NVIDIA/aistore transport/client_fasthttp.go', version: '5.0 (583e7729)', date: '2026-08-21' }
const FASTHTTP: Source = { source: 'valyala/fasthttp client.go', version: 'v1.72.0', date: '2026-08-21' }
const ARTICLE: Source = {
  source: 'https://brunoscheufler.com/blog/2019-11-17-scaling-network-concurrency-in-go/',
  version: 'as published',
  date: '2019-11-17',
}
const GO: Source = { source: 'Go src/net/http/transport.go, DefaultTransport', version: 'go1.26.8', date: '2026-11-28' }
const MINIO: Source = {
  source: 'MinIO internal/http/server.go, --idle-timeout',
  version: 'v0.0.0-20260212201848-7aac2a2c5b7c',
  date: '2026-02-12',
}

const MINUTE_MS = 60_000

/** The clients among the nodes have a bound on the whole request on top. */
const AIS_INTRA_TOTAL = said(300_000, AIS_CODE, 'client.client_long_timeout 5m for data; client.client_timeout 10s for control')

/** cmn.NewTransport, whoever calls it; TLS and 100 Continue are DefaultTransport's. */
const AIS_TRANSPORT = {
  maxPerHost: said(NONE, AIS_CODE, 'MaxConnsPerHost is not set'),
  dialMs: said(10_000, AIS_CODE, 'DfltDialupTimeout'),
  tlsMs: said(10_000, AIS_CODE),
  continueMs: said(1_000, AIS_CODE),
  tcpKeepAliveMs: said(30_000, AIS_CODE, 'DfltKeepaliveTCP'),
  keepAlive: said(true, AIS_CODE),
  hint: said('ignored', GO, 'net/http does not read Keep-Alive headers'),
} as const

export const GO_PROFILES = [
  {
    name: 'aistore-server',
    role: 'server',
    dialect: 'go-server',
    about: 'What an AIStore node grants its clients; not configurable at run time.',
    limits: {
      idleMs: said(AISTORE_MAX_IDLE_MS, AIS_SERVER, 'cmn.DfltMaxIdleTimeout', [
        said(20_000, AIS_DOCUMENT, "the document's number of then"),
      ]),
      readHeadersMs: said(16_000, AIS_SERVER, 'apc.ReadHeaderTimeout; AIS_READ_HEADER_TIMEOUT overrides'),
      sendsHint: said(false, AIS_SERVER, 'net/http sends none'),
    },
  },
  {
    name: 'aistore-intra',
    role: 'client',
    dialect: 'aistore',
    about: 'Between the nodes of a cluster when nobody configures anything.',
    limits: {
      ...AIS_TRANSPORT,
      totalMs: AIS_INTRA_TOTAL,
      maxIdleTotal: said(NONE, AIS_CODE, 'DefaultMaxIdleConns 0: unlimited; net.http.idle_conns takes 0 to 4096'),
      maxIdlePerHost: said(
        AISTORE_DEFAULT_IDLE_PER_HOST,
        AIS_CODE,
        'DefaultMaxIdleConnsPerHost; net.http.idle_conns_per_host takes 0 to min(idle_conns, 128)',
      ),
      idleMs: said(AISTORE_DEFAULT_IDLE_MS, AIS_CODE, 'DefaultIdleConnTimeout; net.http.idle_conn_time takes up to 30 s'),
    },
  },
  {
    name: 'aistore-intra-dev',
    role: 'client',
    dialect: 'aistore',
    about: 'Between the nodes of a development cluster: short and small.',
    limits: {
      ...AIS_TRANSPORT,
      totalMs: AIS_INTRA_TOTAL,
      maxIdleTotal: said(256, AIS_DEV),
      maxIdlePerHost: said(32, AIS_DEV),
      idleMs: said(6_000, AIS_DEV),
    },
  },
  {
    name: 'aistore-intra-recommended',
    role: 'client',
    dialect: 'aistore',
    about: 'Between the nodes of a cluster as its document recommends.',
    limits: {
      ...AIS_TRANSPORT,
      totalMs: AIS_INTRA_TOTAL,
      maxIdleTotal: said(2_000, AIS_DOCUMENT),
      maxIdlePerHost: said(100, AIS_DOCUMENT),
      idleMs: said(20_000, AIS_DOCUMENT),
    },
  },
  {
    name: 'aistore-peer-fasthttp',
    role: 'client',
    dialect: 'fasthttp',
    about: "AIStore's streams between targets: fasthttp, which refuses beyond its limit instead of queueing.",
    limits: {
      maxPerHost: said(512, FASTHTTP, 'DefaultMaxConnsPerHost'),
      atLimit: said('refuses', FASTHTTP, 'ErrNoFreeConns, as MaxConnWaitTimeout is 0'),
      idleMs: said(10_000, FASTHTTP, 'DefaultMaxIdleConnDuration'),
      dialMs: said(10_000, AIS_FASTHTTP, 'cmn.DfltDialupTimeout instead of 3 s'),
      headersMs: said(NONE, FASTHTTP, 'ReadTimeout is not set'),
      bodyMs: said(NONE, FASTHTTP),
      keepAlive: said(true, FASTHTTP),
      hint: said('ignored', FASTHTTP),
    },
  },
  {
    name: 'aistore-backend',
    role: 'client',
    dialect: 'go',
    about: 'From AIStore to a cloud; only the S3 backend honours backend_idle_conn_time.',
    limits: {
      ...AIS_TRANSPORT,
      maxIdleTotal: said(NONE, AIS_CODE, 'DefaultMaxIdleConns 0'),
      maxIdlePerHost: said(AISTORE_DEFAULT_IDLE_PER_HOST, AIS_CODE, 'DefaultMaxIdleConnsPerHost'),
      idleMs: said(AISTORE_DEFAULT_IDLE_MS, AIS_CODE, 'DefaultIdleConnTimeout'),
    },
  },
  {
    name: 'go-article',
    role: 'client',
    dialect: 'go',
    about: 'The HTTP client of "Scaling Network Concurrency in Go".',
    limits: {
      maxIdleTotal: said(100, ARTICLE),
      maxPerHost: said(25, ARTICLE),
      maxIdlePerHost: said(25, ARTICLE, 'its comment "25 + 25 idle" is wrong: idle ones are among the 25'),
      atLimit: said('queues', GO),
      idleMs: said(90_000, ARTICLE),
      dialMs: said(30_000, ARTICLE),
      tcpKeepAliveMs: said(20_000, ARTICLE),
      tlsMs: said(3_000, ARTICLE),
      continueMs: said(1_000, ARTICLE),
      totalMs: said(30 * MINUTE_MS, ARTICLE),
      keepAlive: said(true, ARTICLE),
      hint: said('ignored', GO),
    },
  },
  {
    name: 'go-default-transport',
    role: 'client',
    dialect: 'go',
    about: 'http.DefaultTransport: what a Go program has that configures nothing.',
    limits: {
      maxIdleTotal: said(100, GO),
      maxIdlePerHost: said(2, GO, 'DefaultMaxIdleConnsPerHost'),
      maxPerHost: said(NONE, GO),
      idleMs: said(90_000, GO),
      dialMs: said(30_000, GO),
      tcpKeepAliveMs: said(30_000, GO),
      tlsMs: said(10_000, GO),
      continueMs: said(1_000, GO),
      headersMs: said(NONE, GO, 'ResponseHeaderTimeout'),
      bodyMs: said(NONE, GO),
      totalMs: said(NONE, GO, 'Client.Timeout'),
      keepAlive: said(true, GO),
      hint: said('ignored', GO),
    },
  },
  {
    name: 'minio-server',
    role: 'server',
    dialect: 'go-server',
    about: 'MinIO as it comes.',
    limits: {
      idleMs: said(
        30_000,
        MINIO,
        'it is also the deadline of each read and write; idle clients were seen to lose their connection at 30.4 s',
      ),
      idleBufferMs: said(500, { ...MINIO, source: 'measured: idle connections closed after 30.4 s', date: '2026-11-28' }),
      readHeadersMs: said(30_000, MINIO),
      sendsHint: said(false, MINIO),
    },
  },
] as const satisfies readonly LimitProfile[]

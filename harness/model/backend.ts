import type { Shelf } from './shelf.ts'

/** What a run can start itself, in the order of its reports. */
export const OWN_KINDS = ['embedded', 'minio', 'azurite', 'fake-gcs', 'toxiproxy', 'cluster'] as const
export type OwnKind = (typeof OWN_KINDS)[number]

/** Those of them that need a container engine, or a binary in its place. */
export const CONTAINER_KINDS = ['minio', 'fake-gcs', 'toxiproxy'] as const satisfies readonly OwnKind[]

/** The kinds of server a scenario can talk to. */
export type BackendKind = OwnKind | 'url'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** What a subject needs to know of a backend; serialisable, the only thing that crosses into the child. */
export interface BackendAddress {
  readonly kind: BackendKind
  /** Scheme, host and port. Azure's account is `credentials.accessKeyId`, and the first part of every path. */
  readonly origin: string
  /** At an https origin the certificate authority to trust, PEM; null: plain http, or one that Node trusts anyway. */
  readonly caPem: string | null
  readonly region: string
  readonly credentials: Credentials
  /** Source bucket (Azure: container), already filled with `objects` objects of `sizeBytes`, keys `object-0000` .. */
  readonly bucket: string
  /** A second, empty bucket. */
  readonly targetBucket: string
  readonly objects: number
  readonly sizeBytes: number
  /** Absent: the fields above say it all. */
  readonly more?: BackendMore
}

/** What only one kind has. */
export type BackendMore =
  | {
      readonly kind: 'toxic'
      /** The same content, past what goes wrong at `origin`. */
      readonly directOrigin: string
    }
  | {
      readonly kind: 'cluster'
      /** The gateway, whose origin is `origin`, and every target: where each is asked for objects, and where it is counted and configured. */
      readonly nodes: readonly {
        readonly id: string
        readonly role: 'gateway' | 'target'
        readonly origin: string
        readonly control: string
      }[]
    }

/** What the other side still holds, counted by itself. Null: this backend cannot count that. */
export interface PeerCount {
  /** 'embedded backend' | "MinIO's /proc" | "MinIO's metrics" */
  readonly source: string
  /** Connections it has accepted and not closed. */
  readonly connections: number | null
  readonly connectionsAccepted: number | null
  /** Requests it is still answering. */
  readonly inFlight: number | null
  readonly requests: number | null
  readonly descriptors: number | null
  readonly goroutines: number | null
  /** When it closes a connection that is idle: as it was told, or by the default it is known for, ms. Absent: unknown, or never. */
  readonly idleTimeoutMs?: number
}

/** A started backend. Disposing it closes every connection, process, container and bucket it made. */
export interface Backend extends AsyncDisposable {
  readonly address: BackendAddress
  /** Both ends counted: the peer's own numbers, now. Throws HarnessError when it does not answer within 2 s. */
  count(): Promise<readonly PeerCount[]>
}

/** A backend a scenario names: a value, so that scenario/ never imports fixtures/. */
export interface BackendSpec {
  readonly kinds: readonly BackendKind[]
  /** Throws `BackendUnavailable` when this machine cannot run that kind. */
  start(kind: BackendKind, options: StartOptions): Promise<Backend>
}

export interface StartOptions {
  /**
   * `<runner pid>.<runner start time, clock ticks of /proc/pid/stat field 22>.<random>`: identifies the run. Every process a run starts carries it
   * as WATERTIGHT_RUN_ID in its environment, every container as label `watertight.run`: so a later start can tell what a killed runner left, and only that.
   */
  readonly runId: string
  /** For kind `url`. */
  readonly url?: string
  /** Absent: what this run starts, it ends. */
  readonly shelf?: Shelf
  readonly signal?: AbortSignal
  /** What went on so far, for progress ("pulling image ..."). */
  readonly onProgress?: (message: string) => void
}

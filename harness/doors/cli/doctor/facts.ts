/** What `doctor` knows of this machine: plain data, gathered by examine.ts and judged by judge.ts. */
import type { EngineAnswer } from '../../../../fixtures/containers/engine.ts'
import type { OwnKind } from '../../../model/backend.ts'

/** Something that worked, with what there is to say of it, or why it did not. */
export type Try =
  | { readonly ok: true; readonly says: string }
  | { readonly ok: false; readonly why: string; readonly remedy: string | null }

export interface Facts {
  /** As process.version. */
  readonly node: string
  /** `linux x64` */
  readonly platform: string
  readonly stripsTypes: boolean
  readonly tool: string
  /** The version that `import 'watertight'` finds from the working directory; null: none. */
  readonly installed: string | null
  /** Null: there is none. */
  readonly config: Try | null
  readonly tempFolder: Try
  readonly loopback: Try
  /** A child was started and its sockets and descriptors were counted from outside. */
  readonly child: Try
  readonly kernel: {
    /** 'kernel-sock-diag' | 'kernel-procfs' | 'kernel-portable' */
    readonly probe: string
    /** Why it sees nothing at all; null: it does. */
    readonly blind: string | null
    /** Why it is not sock_diag; null: it is. */
    readonly noSockDiag: string | null
  }
  /** How many descriptors a process may open; null: unknown here. */
  readonly descriptorLimit: number | null
  readonly canLowerLimit: boolean
  readonly minio: {
    /** As WATERTIGHT_MINIO_BIN names it; null: it names none. */
    readonly binary: { readonly path: string; readonly tried: Try } | null
    readonly engine: EngineAnswer
    /** Where an engine was looked for. */
    readonly places: readonly string[]
    /** Null: no engine could be asked. */
    readonly image: { readonly name: string; readonly pull: boolean } | { readonly why: string; readonly remedy: string | null } | null
  }
  /** The other kinds of backend that need something, and whether it is here. */
  readonly others: readonly { readonly kind: OwnKind; readonly tried: Try }[]
}

/** One line of the examination. */
export type Checkup =
  | { readonly state: 'ok'; readonly name: string; readonly says: string }
  | {
      /** `warn`: something is lost, the main job is not. `missing`: a required part is not there. */
      readonly state: 'warn' | 'missing'
      readonly name: string
      readonly says: string
      /** What does not work for it. */
      readonly costs: string
      readonly remedy: string
    }

import type { BackendAddress, BackendKind, BackendSpec } from './backend.ts'
import type { Stop } from './journal.ts'
import type { Expectation, RunRecord, ScenarioRun, SkippedRun, VariantName } from './run-record.ts'

/** What the work of a scenario is given; it runs inside the subject. */
export interface WorkContext {
  /** The backend, already filled; accessing it in a scenario without one throws HarnessError. */
  readonly backend: BackendAddress
  /** Aborted when the harness has seen enough: stop sending, let go. */
  readonly signal: AbortSignal
  /** From 0; warm-up rounds count too. */
  readonly iteration: number
  /** Hands a pool over whose stats we may read (undici's queue is visible nowhere else). */
  handOver(pool: object): void
  /** Puts a line into the report: what the work itself has measured. */
  measured(line: string): void
  /** From here on the work only waits for time to pass: others may have its lane. */
  onlyWaits(): void
}

export type Work = (context: WorkContext) => Promise<void>

/** A service under load: started in the subject before the baseline, driven from outside, still listening at the recount. */
export interface Service {
  /** Where it listens: `http://127.0.0.1:port`. */
  readonly origin: string
  close(): Promise<void>
}

/** Load on a service, driven by autocannon from the parent. */
export interface Load {
  /** Several are asked for in turns by each connection. */
  readonly path: string | readonly string[]
  readonly connections: number
  /** Total requests. */
  readonly amount: number
  /** Requests per second over all connections; absent: as fast as it goes. */
  readonly rate?: number
}

/** A program of another runtime, watched from outside: Go's, Python's. */
export interface ForeignProgram {
  readonly command: string
  readonly args: readonly string[]
  /** Beside our own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** What it reads from its stdin. */
  readonly input?: string
  /** Path at the loopback port it listens on, where it tells its goroutines: `/debug/pprof/goroutine?debug=1`. */
  readonly goroutines?: string
}

/**
 * Makes the program, in the runner; building it is part of that. Its work has ended when it writes a line `{"work":"done","sent":60,"ok":60,"failed":0}` to its
 * stdout, or ends with code 0. Throws ScenarioUnavailable when this machine lacks its runtime.
 */
export type MakeProgram = (backend: BackendAddress, signal: AbortSignal) => Promise<ForeignProgram>

/** A limit profile with some of its options set otherwise, in the client's or server's own spelling. */
export interface SetLimits {
  readonly profile: string
  readonly options?: Readonly<Record<string, string | number | boolean>>
}

interface OfAnyVariant {
  /** Limits as the work has set them: what they have against each other counts as found. A missing timeout only where it is declared. */
  readonly set?: { readonly client: SetLimits; readonly server?: SetLimits }
  readonly expects: Expectation
  /** Instead of the scenario's: where what is wrong, or the fix, is the server's. */
  readonly backend?: BackendSpec
  /** Instead of the scenario's contract. */
  readonly idleTimeoutMs?: number
  /** Instead of the run's: its work counts as hung after so long. */
  readonly workTimeoutMs?: number
}

export type Variant = OfAnyVariant &
  (
    | { readonly work: Work; readonly serve?: never; readonly load?: never; readonly program?: never }
    | { readonly serve: (context: WorkContext) => Promise<Service>; readonly load: Load; readonly work?: never; readonly program?: never }
    | { readonly program: MakeProgram; readonly work?: never; readonly serve?: never; readonly load?: never }
  )

export interface Variants {
  readonly leaky?: Variant
  readonly fixed?: Variant
}

export const LAYERS = ['backend', 'intra', 'server', 'process', 'faults'] as const
export type Layer = (typeof LAYERS)[number]

/** A scenario is a noun with two variants, or with `cases` that have two each. */
export interface Scenario {
  readonly name: string
  readonly layer: Layer
  readonly client: string
  /** One sentence: what one sees here. */
  readonly shows: string
  readonly backend: BackendSpec | null
  /** Name of the limit profile its connections are held against; null: none. */
  readonly limits: string | null
  /** How client and server fit together is judged, too. */
  readonly judgeLimits: boolean
  /** The contract: back at the baseline this long after the work ends; null: the configuration's word, else 6 s. */
  readonly idleTimeoutMs: number | null
  /** Most descriptors its subject may have open (soft RLIMIT_NOFILE); null: as many as this machine gives. */
  readonly descriptorLimit: number | null
  readonly cases: Readonly<Record<string, Variants>>
  /** Absolute path of the module that defined it, for the child to load it again; null when that is not a file. */
  readonly file: string | null
}

/** The key of `cases` for a scenario that has none; reported as `case: null`. */
export const ONLY_CASE = ''

/** One thing to run: a cell of the scenario matrix. */
export interface RunKey {
  readonly scenario: string
  readonly case: string | null
  readonly variant: VariantName
  readonly backend: BackendKind | null
}

/** What happens while a suite runs, for progress and the journal. */
export type SuiteEvent =
  | { readonly type: 'begun'; readonly tool: RunRecord['tool']; readonly environment: RunRecord['environment'] }
  | { readonly type: 'planned'; readonly runs: readonly RunKey[] }
  | { readonly type: 'phase'; readonly key: RunKey; readonly phase: Phase; readonly detail: string | null }
  | { readonly type: 'judged'; readonly key: RunKey; readonly run: ScenarioRun }
  | { readonly type: 'skipped'; readonly skipped: SkippedRun }
  | { readonly type: 'ended'; readonly stopped: Stop | null }

export type Phase = 'waiting' | 'backend' | 'baseline' | 'work' | 'quiesce' | 'proof'

import type { OwnKind } from './backend.ts'
import type { FindLeaksOptions } from './options.ts'

/** The formats a run can be written in. */
export const REPORT_FORMATS = ['text', 'json', 'html', 'junit', 'openmetrics', 'markdown', 'github'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

/** How the user's own work is judged unless it says otherwise: their scenarios, and the tests that a runner's door guards. */
export type Judging = Pick<
  FindLeaksOptions,
  'idleTimeoutMs' | 'idleConnections' | 'level' | 'warmUp' | 'workTimeoutMs' | 'stallMs' | 'budget' | 'allow'
>

/** What `watertight.config.ts` may say; everything is optional. The command line wins over it, and it over the defaults. */
export interface WatertightConfig extends Judging {
  /** Files, folders or globs of your own scenarios, relative to the configuration. `run` then runs these; ours stay there by name. */
  readonly scenarios?: string | readonly string[]
  /** As `run --iterations`; 1 to 1000. */
  readonly iterations?: number
  /** As `run --backend`: 'embedded', 'minio' or another kind, or the URL of a server. */
  readonly backend?: string
  /** As `run --require`. */
  readonly require?: readonly OwnKind[]
  /** As `run --reporter`. */
  readonly reporters?: readonly ReportFormat[]
  /** As `run --output`: a folder, relative to the working directory. */
  readonly output?: string
}

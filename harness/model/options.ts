import type { FindingCode } from './finding.ts'
import type { LedgerLevel } from './ledger-page.ts'

/** One exemption with its reason. Everything given must match, and something must be given. */
export interface Allowance {
  /** `http://host:port`, as a finding says it. */
  readonly origin?: string
  readonly code?: FindingCode
  /** Where it was opened: part of the file's path, or `file.ts:41` for one line. */
  readonly openedAt?: string
  /** Why it may stay; not empty. */
  readonly because: string
}

/** How many may stay, by kind. */
export interface Budget {
  readonly sockets?: number
  readonly requests?: number
  readonly handles?: number
}

export type IdleConnections = 'wait' | 'trust' | 'flush'

/** What a caller may say; everything is optional. */
export interface FindLeaksOptions {
  /**
   * The contract: back at the baseline this long after the work ends, ms, of time in which the process could run: what it waits for a core on a busy machine is added, up to
   * three times as long. Absent: 4 s, which a test runner's 5 s have room for; where idle connections are waited for all the same, derived from what was negotiated.
   */
  idleTimeoutMs?: number
  /** 'wait' for idle connections to close | 'trust' a finite negotiated timeout | 'flush' idle pools first, then judge. Default: 'wait' when idleTimeoutMs is given, else 'trust'. */
  idleConnections?: IdleConnections
  /** 'full' (default): every request keeps its stack | 'sampled': 1 in 16 | 'off': the kernel alone. */
  level?: LedgerLevel
  /** Repeat the work. Default 1. */
  iterations?: number
  /** Discard the first n rounds. Default 0. */
  warmUp?: number
  budget?: Budget
  allow?: readonly Allowance[]
  /** undici dispatchers whose queue and limit may be read: they are visible nowhere else. */
  pools?: readonly object[]
  /** Garbage collection may not hide an unread fetch body: it stays open and is UNREAD_BODY. Needs `--import watertight/register`. Default false. */
  forbidGcRescue?: boolean
  /** Work that has not settled by then is WORK_HUNG, ms. Default 60_000. */
  workTimeoutMs?: number
  signal?: AbortSignal
  /** Call the work hung when its pool is full of unread bodies, a request is queued and nothing has moved for so long, ms. Default null: never. */
  stallMs?: number | null
  /** Name of a limit profile (`watertight limits list`): more idle or open connections than it allows are LIMIT_UNENFORCED. */
  limits?: string
  /** Judge how client and server fit together even where nothing has gone wrong yet: IDLE_RACE, TIMEOUT_MISSING. Default false. */
  judgeLimits?: boolean
  /**
   * 'attribute': other calls may run in this process at the same time, each judged for what descends from its own work (level 'full' only).
   * What shared code opens is the call's whose request made it. Absent: a second call is refused while one runs.
   */
  concurrent?: 'attribute'
}

/** The same with every default filled in. */
export interface ResolvedOptions {
  readonly idleTimeoutMs: number | null
  readonly idleConnections: IdleConnections
  readonly level: LedgerLevel
  readonly iterations: number
  readonly warmUp: number
  readonly budget: Required<Budget>
  readonly allow: readonly Allowance[]
  /** They exempt like `allow`, but were given to many runs: that one matches nothing in this one says nothing. */
  readonly sharedAllow: readonly Allowance[]
  readonly pools: readonly object[]
  readonly forbidGcRescue: boolean
  readonly workTimeoutMs: number
  readonly signal: AbortSignal | null
  readonly stallMs: number | null
  /** Name of a limit profile that is there. */
  readonly limits: string | null
  readonly judgeLimits: boolean
  readonly concurrent?: 'attribute'
}

/** The one place where defaults live. */
export const DEFAULTS = {
  level: 'full',
  iterations: 1,
  warmUp: 0,
  budget: { sockets: 0, requests: 0, handles: 0 },
  forbidGcRescue: false,
  workTimeoutMs: 60_000,
  stallMs: null,
  limits: null,
  judgeLimits: false,
} as const

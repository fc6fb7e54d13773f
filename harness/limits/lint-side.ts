/** One side of a chain, what is wrong with it, and how its owner would write a remedy. */
import { optionFor } from './dialects.ts'
import type { Dialect, Knob, LimitValues } from './limit-profile.ts'

/** A client or a server with what it was told. */
export interface LimitSide {
  /** As its owner calls it: a profile's name. */
  readonly name: string
  readonly role: 'client' | 'server'
  readonly dialect: Dialect
  readonly values: LimitValues
  /** Knobs somebody turned on purpose; the others are as they come. */
  readonly turned: ReadonlySet<Knob>
  /** What a running server announced, ms; null: nothing. Absent: as its profile says. */
  readonly announcedMs?: number | null
}

export type LimitFaultCode =
  | 'IDLE_RACE'
  | 'LIMIT_UNENFORCED'
  | 'LIMIT_CONTRADICTION'
  | 'TIMEOUT_INEFFECTIVE'
  | 'TIMEOUT_MISSING'
  | 'CONNECTION_CHURN'

/** One thing wrong, as the facts of a finding. */
export interface LimitFault {
  readonly code: LimitFaultCode
  /** Whose it is: the name of a side, or of both. */
  readonly where: string
  readonly summary: string
  readonly evidence: readonly { readonly ledger: 'pools' | 'peer'; readonly says: string; readonly value: number | string }[]
  readonly advice: string
}

export const shownMs = (ms: number): string =>
  !Number.isFinite(ms) ? 'no end' : ms >= 60_000 && ms % 60_000 === 0 ? `${ms / 60_000} min` : ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`

/** `keepAliveTimeout: 4000`, as its owner would write it. */
export function turnTo(side: Pick<LimitSide, 'dialect'>, knob: Knob, value: number): string | null {
  const option = optionFor(side.dialect, knob)
  if (option === null) return null
  const { kind, of } = option
  return `${option.option}: ${kind === 'go' ? shownMs(value).replace(' ', '') : value}${of === undefined ? '' : ` (${of})`}`
}

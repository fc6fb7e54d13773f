/** undici's timers have a resolution of 0.5 s, a server adds its own second: what is negotiated is met within this (facts.md). */
const TOLERANCE_MS = 1_000
/** Without any negotiated timeout: AIStore's default idle time for peers and clouds. */
const DEFAULT_MS = 6_000
/** Idle timeouts beyond this are not waited out for real (product.md). */
const LONGEST_MS = 30_000

/** The two sides of one idle connection; null where a side said nothing, Infinity for none. */
export interface NegotiatedIdle {
  readonly clientMs: number | null
  readonly serverHintMs: number | null
}

/** When an idle connection should be gone: the earlier of both sides; Infinity when neither has a limit. */
export function negotiatedIdleMs({ clientMs, serverHintMs }: NegotiatedIdle): number {
  return Math.min(clientMs ?? Number.POSITIVE_INFINITY, serverHintMs ?? Number.POSITIVE_INFINITY)
}

/** How long to wait for the baseline when the caller named no contract, ms. */
export function deriveDeadlineMs(connections: readonly NegotiatedIdle[]): number {
  const finite = connections.map(negotiatedIdleMs).filter(Number.isFinite)
  const longest = finite.length > 0 ? Math.max(...finite) : DEFAULT_MS - TOLERANCE_MS
  return Math.min(LONGEST_MS, longest + TOLERANCE_MS)
}

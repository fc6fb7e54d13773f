/** Time as the session sees it, passed in so that our own tests never sleep. Milliseconds, monotonic. */
export interface Clock {
  nowMs(): number
  /** Resolves after `ms`, or at once when `signal` is aborted. Holds the event loop: a paused socket does not keep Node alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

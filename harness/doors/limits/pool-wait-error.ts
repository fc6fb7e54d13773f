/** A request gave up waiting for a connection of its pool: it was never sent, and may be sent again. */
export class PoolWaitError extends Error {
  override readonly name = 'PoolWaitError'
  readonly code = 'WATERTIGHT_POOL_WAIT'
  readonly waitedMs: number
  constructor(origin: string, waitedMs: number) {
    super(
      waitedMs === 0
        ? `no connection to ${origin} is free, and requests do not wait here: none was sent`
        : `no connection to ${origin} became free within ${waitedMs} ms: the request was never sent`,
    )
    this.waitedMs = waitedMs
  }
}

/** A connection was not there in time. */
export class DialTimeoutError extends Error {
  override readonly name = 'DialTimeoutError'
  readonly code = 'WATERTIGHT_DIAL_TIMEOUT'
  constructor(afterMs: number) {
    super(`the connection was not established within ${afterMs} ms`)
  }
}

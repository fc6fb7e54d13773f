/**
 * What keeps this process alive, by libuv type (`TCPSocketWrap`, `TCPServerWrap`, `Timeout`, `PipeWrap`, `FSReqCallback`, ...); null where Node does not tell.
 *
 * Counts, not identities, and only what holds the event loop. It cannot see (facts.md):
 * - sockets and timers that were unref'd: every idle pooled socket, so an empty count says nothing about pools; the kernel probe sees those;
 * - handles without libuv behind them: event listeners, streams, descriptors opened with `fs.open`, pending promises;
 * - other threads: a Worker shows as one `MessagePort` or `Worker`, not what it holds.
 *
 * A closed handle stays in the list until libuv's close callback, up to two `setImmediate` turns after its 'close' event; a `ConnectWrap` is still
 * there inside the 'connect' event. Let two turns pass before a baseline or a recount.
 */
export function countHandles(): Record<string, number> | null {
  if (typeof process.getActiveResourcesInfo !== 'function') return null
  const counts: Record<string, number> = {}
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1
  return counts
}

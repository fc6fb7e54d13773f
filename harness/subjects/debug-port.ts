/** Node's own choice, which of several processes only one can have. */
const DEFAULT_DEBUG_PORT = 9_229

/** Said inside a process that is watched: its inspector, should anybody have to open it, takes a port of its own. Whoever chose one keeps it. */
export function takeOwnDebugPort(): void {
  if (process.debugPort === DEFAULT_DEBUG_PORT) process.debugPort = 0
}

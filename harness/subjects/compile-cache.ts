/** Node's cache of compiled code, for the processes that we start. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * The environment of a Node process of ours that shall load its code from the cache, and leave there what it had to compile. Said from outside, because an entry in
 * TypeScript that turns the cache on itself is too late for itself, and loading what strips its types takes 80 ms of CPU: a child of a run is ready after 157 ms
 * instead of 242. Where Node may not write it goes on without; NODE_DISABLE_COMPILE_CACHE=1 forbids it.
 */
export function compileCacheEnv(): Readonly<Record<string, string>> {
  const { NODE_COMPILE_CACHE = join(tmpdir(), 'node-compile-cache'), NODE_DISABLE_COMPILE_CACHE } = process.env
  return { NODE_COMPILE_CACHE, ...(NODE_DISABLE_COMPILE_CACHE && { NODE_DISABLE_COMPILE_CACHE }) }
}

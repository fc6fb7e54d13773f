import { createHook, executionAsyncId } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import { captureStack } from '../ledger/stacks.ts'
import type { Frame } from '../model/ledger-page.ts'
import type { BegunAt } from './exec-protocol.ts'

/** Lines and paths remembered; more of them are not counted. */
const MOST = 1_000

interface Created {
  readonly request: { readonly method: string; readonly path: string }
}

/**
 * Where those requests were begun that no frame of the user's is on the stack of: got, azure, gcs and oci send so late that it has gone. The line that made
 * the first promise, timer or tick is handed on to all that is made while those run. Each takes a stack and reads it at once, 0.04 ms, so this is for
 * a diagnostic run only.
 */
export function watchBeginnings(): () => readonly BegunAt[] {
  const leading = new Map<number, Frame | null>()
  const found = new Map<string, BegunAt>()

  function init(asyncId: number): void {
    leading.set(asyncId, captureStack(init).frame() ?? leading.get(executionAsyncId()) ?? null)
  }
  function created(message: unknown): void {
    if (captureStack(created).frame() !== null) return
    const frame = leading.get(executionAsyncId()) ?? null
    if (frame === null) return
    const { method, path: whole } = (message as Created).request
    // A query may carry a signature.
    const [path = ''] = whole.split('?')
    const key = `${frame.file}:${frame.line} ${method} ${path}`
    const before = found.get(key)?.count ?? 0
    if (before > 0 || found.size < MOST) found.set(key, { frame, method, path, count: before + 1 })
  }
  createHook({ init, destroy: (asyncId) => void leading.delete(asyncId) }).enable()
  subscribe('http.client.request.created', created)
  subscribe('undici:request:create', created)
  return () => [...found.values()]
}

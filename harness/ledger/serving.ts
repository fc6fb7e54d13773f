/** Which call a server of the subject's own is answering when a request is made: Node carries it through the handler, however late. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { ServerResponse } from 'node:http'

/** A call that is, or was, being answered. Holds neither its request nor its response. */
export interface ServedCall {
  readonly method: string
  /** Path without its query. */
  readonly path: string
  /** Its caller has gone before the answer was finished: when, on the subject's clock; null: he has not. */
  leftAtMs: number | null
}

const serving = new AsyncLocalStorage<ServedCall>()
/** One for all ledgers that watch at the same time. */
const calls = new WeakMap<ServerResponse, ServedCall>()
/** Until this process has answered a call, none can be asked about: asking costs 0.1 us a request. */
let hasServed = false

/** What the handler of this call, which begins now, leads to is known as done for it. */
export function enterCall(response: ServerResponse, method: string, path: string): ServedCall {
  const call = calls.get(response) ?? { method, path, leftAtMs: null }
  calls.set(response, call)
  hasServed = true
  serving.enterWith(call)
  return call
}

export const callNow = (): ServedCall | null => (hasServed ? (serving.getStore() ?? null) : null)

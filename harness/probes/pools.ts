/** Pools by their own counters: http.Agent's documented maps, and the stats undici publishes. */
import type { Agent } from 'node:http'
import type { AgentCounts, ClientEyes } from '../model/client-eyes.ts'
import {
  branchesOf,
  h2SessionOf,
  hasBegun,
  isAsking,
  isFetchHandler,
  isUndiciHttp2,
  isUndiciSession,
  isUndiciTimer,
  queuedRequestOf,
  readableState,
  undiciBodyOf,
  undiciClientOf,
  undiciHandlerOf,
  undiciLimitOf,
  undiciLineOf,
  undiciOriginOf,
  undiciPoolsOf,
  undiciPoolTokenOf,
  wrapperOf,
} from './internals.ts'

/** `options.timeout` of an Agent is its idle timeout; absent or 0 means none (facts.md: `new http.Agent({ keepAlive: true })` never closes). */
type AgentWithOptions = Agent & { readonly options?: { readonly timeout?: number }; readonly keepAlive?: boolean }

export function agentCounts(agent: object, poolName: string): AgentCounts | null {
  const { sockets, freeSockets, requests, maxSockets, maxTotalSockets, options } = agent as AgentWithOptions
  if (!sockets || !freeSockets || !requests) return null
  return {
    leased: sockets[poolName]?.length ?? 0,
    idle: freeSockets[poolName]?.length ?? 0,
    queued: requests[poolName]?.length ?? 0,
    limit: Math.min(maxSockets ?? Number.POSITIVE_INFINITY, maxTotalSockets ?? Number.POSITIVE_INFINITY),
    idleTimeoutMs: options?.timeout ? options.timeout : Number.POSITIVE_INFINITY,
  }
}

export function agentIdleSockets(agent: object): ReadonlySet<object> {
  return new Set(Object.values((agent as Agent).freeSockets ?? {}).flatMap((sockets) => sockets ?? []))
}

export function agentLeasedSockets(agent: object): ReadonlySet<object> {
  return new Set(Object.values((agent as Agent).sockets ?? {}).flatMap((sockets) => sockets ?? []))
}

export function dispatcherStats(dispatcher: object): ReturnType<ClientEyes['dispatcherStats']> {
  const inner = undiciPoolsOf(dispatcher)
  const pools = inner.length > 0 ? inner : [dispatcher]
  const answers = pools.flatMap((pool) => {
    const { stats } = pool as { stats?: { queued?: unknown; pending?: unknown } }
    if (typeof stats !== 'object' || stats === null) return []
    const queued = typeof stats.queued === 'number' ? stats.queued : 0
    return [{ origin: undiciOriginOf(pool), queued, limit: undiciLimitOf(pool), poolToken: undiciPoolTokenOf(pool) }]
  })
  return answers.length > 0 ? answers : null
}

export const clientEyes: ClientEyes = {
  agentCounts,
  agentIdleSockets,
  agentLeasedSockets,
  undiciClientOf,
  undiciLineOf,
  isUndiciHttp2,
  isUndiciSession,
  undiciHandlerOf,
  isFetchHandler,
  undiciBodyOf,
  readableState,
  branchesOf,
  wrapperOf,
  isAsking,
  hasBegun,
  queuedRequestOf,
  h2SessionOf,
  isUndiciTimer,
  dispatcherStats,
}

/**
 * The recovery probe: can a pool still serve one connection more than it may have? Asks its http.Agent for them one after the other, as a request
 * does, and sends nothing: each is destroyed as soon as it has its connection. For after a verdict only: it opens and closes connections.
 */
import type { Agent } from 'node:http'
import type { PoolRecovery } from '../model/ledger-page.ts'
import type { Book, PoolEntry, SocketLike } from './book.ts'
import { nodeHttp } from './node-http-module.ts'
import { hasDescriptor } from './sockets.ts'

/** A local pool with room answers within a turn, and a connection to a host is made in less; who waits behind a lease waits for ever. */
const PATIENCE_MS = 1_000
/** A pool this large is not asked: it would be as many connections. */
const MOST = 64

type Named = Agent & { getName?(options: object): string }

/** Null: no pool of plain HTTP with a limit that we know how to ask. */
export async function askPool(book: Book, poolId: number): Promise<PoolRecovery | null> {
  const pool = [...book.pools.values()].flatMap((byOrigin) => [...byOrigin.values()]).find(({ id }) => id === poolId)
  const limit = pool?.agent == null ? null : (book.eyes.agentCounts(pool.agent, pool.agentName ?? '')?.limit ?? null)
  const options = pool === undefined ? null : addressOf(pool)
  if (pool?.agent == null || options === null || limit === null || limit > MOST) return null
  const wanted = limit + 1
  let served = 0
  while (served < wanted && (await comesInTime(pool.agent as Agent, options))) served += 1
  return { poolId, wanted, served, patienceMs: PATIENCE_MS }
}

/** Only when the agent would put it into the very same pool. */
function addressOf({ agent, agentName, origin }: PoolEntry): { readonly host: string; readonly port: string } | null {
  const url = URL.canParse(origin) ? new URL(origin) : null
  if (url === null || url.protocol !== 'http:') return null
  const options = { host: url.hostname, port: url.port === '' ? '80' : url.port }
  return (agent as Named).getName?.(options) === agentName ? options : null
}

function comesInTime(agent: Agent, options: { readonly host: string; readonly port: string }): Promise<boolean> {
  return new Promise((resolve) => {
    // Without end() nothing is written: the server sees a connection and not a byte.
    const asked = nodeHttp.request({ ...options, agent, method: 'HEAD' })
    const done = (came: boolean): void => {
      clearTimeout(patience)
      asked.destroy()
      // Its slot is given back when it has closed.
      setImmediate(() => resolve(came))
    }
    const patience = setTimeout(done, PATIENCE_MS, false)
    asked.on('error', () => done(false))
    asked.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => done(true))
      else done(hasDescriptor(socket as SocketLike))
    })
  })
}

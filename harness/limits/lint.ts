/** The limits of a client held against themselves and against those of its server. Pure; what is found becomes findings at the door. */
import { clientIdleInForceMs } from './idle-deadline.ts'
import { lintAlone } from './lint-alone.ts'
import { type LimitFault, type LimitSide, shownMs, turnTo } from './lint-side.ts'

/** Who talks to whom, from the client to the server: the proxy is a server in front and a client behind. */
export interface LimitChain {
  readonly client: LimitSide | null
  readonly proxy?: { readonly front: LimitSide | null; readonly back: LimitSide | null }
  readonly server: LimitSide | null
}

export function lintLimits({ client, proxy, server }: LimitChain): readonly LimitFault[] {
  const front = proxy?.front ?? null
  const back = proxy?.back ?? null
  const alone = [client, front, back, server].flatMap((side) => (side === null ? [] : lintAlone(side)))
  const behind = front === null && back === null ? client : back
  const pairs = [
    ...(client !== null && front !== null ? [[client, front] as const] : []),
    ...(behind !== null && server !== null ? [[behind, server] as const] : []),
  ]
  const between = pairs.flatMap(([asks, answers]) => lintPair(asks, answers))
  return [...between, ...alone, ...(client !== null && front !== null && back !== null ? lintThrough(client, back) : [])]
}

/** Node's whole seconds; null: it sends none, or has nothing to announce. */
function hintOf({ values, announcedMs }: LimitSide): number | null {
  if (announcedMs !== undefined) return announcedMs
  const { sendsHint, idleMs } = values
  return sendsHint === true && idleMs !== undefined && Number.isFinite(idleMs) ? Math.floor(idleMs / 1_000) * 1_000 : null
}

function lintPair(client: LimitSide, server: LimitSide): readonly LimitFault[] {
  const serverMs = server.values.idleMs
  const { idleMs = Number.POSITIVE_INFINITY, maxIdleMs = null, hint = 'ignored', keepAlive } = client.values
  // Nobody has said when it closes: that is not "never".
  if (serverMs === undefined || keepAlive === false || (client.values.maxIdlePerHost ?? 0) < 0) return []
  const hintMs = hintOf(server)
  const inForceMs = clientIdleInForceMs({ hint, idleMs, maxIdleMs }, hintMs)
  const where = `${client.name} to ${server.name}`
  const seen = { client, server, idleMs, inForceMs, serverMs, hintMs, where }
  return [...race(seen), ...overridden(seen), ...(Number.isFinite(serverMs) || Number.isFinite(inForceMs) ? [] : [endless(where, client)])]
}

interface Pair {
  readonly client: LimitSide
  readonly server: LimitSide
  readonly idleMs: number
  readonly inForceMs: number
  readonly serverMs: number
  readonly hintMs: number | null
  readonly where: string
}

const toldMs = (ms: number): number | string => (Number.isFinite(ms) ? ms : 'none')

function race({ client, server, idleMs, inForceMs, serverMs, hintMs, where }: Pair): readonly LimitFault[] {
  // What somebody wrote and only a hint mends is a race as soon as a proxy strips the header, as RFC 9110 (7.6.1) wants it to.
  const isMended = inForceMs < serverMs
  if (!Number.isFinite(serverMs) || (isMended && !(client.turned.has('idleMs') && idleMs >= serverMs))) return []
  const safeMs = Math.round((serverMs * 2) / 3)
  const cap = turnTo(client, 'maxIdleMs', safeMs)
  const own = [turnTo(client, 'idleMs', safeMs), client.values.hint === 'overrides' ? cap : null].filter((each) => each !== null).join(', ')
  const other = turnTo(server, 'idleMs', Number.isFinite(idleMs) ? Math.round(idleMs * 1.5) : 0)
  return [
    {
      code: 'IDLE_RACE',
      where,
      summary: isMended
        ? `${client.name} is told to keep a connection idle for ${shownMs(idleMs)}, ${server.name} closes it at ${shownMs(serverMs)}: only the server's Keep-Alive hint keeps them apart, and a proxy does not pass it on`
        : `${client.name} keeps a connection idle for ${shownMs(inForceMs)}, ${server.name} closes it at ${shownMs(serverMs)}: a request sent at that moment is reset`,
      evidence: [
        { ledger: 'pools', says: "client's idle timeout, ms", value: toldMs(idleMs) },
        { ledger: 'pools', says: 'in force once the server has spoken, ms', value: toldMs(inForceMs) },
        { ledger: 'peer', says: "server's idle timeout, ms", value: serverMs },
        { ledger: 'peer', says: "server's Keep-Alive hint, ms", value: hintMs ?? 'none' },
      ],
      advice: `let the client be first, at two thirds of the server's time: ${own === '' ? `an idle timeout of ${safeMs} ms` : own}${other !== null && Number.isFinite(idleMs) ? `; or ${other} on the server` : ''}`,
    },
  ]
}

/** The hint makes more of the client's timeout than its owner wanted. */
function overridden({ client, idleMs, inForceMs, hintMs, where }: Pair): readonly LimitFault[] {
  if (hintMs === null || !client.turned.has('idleMs') || !Number.isFinite(idleMs) || inForceMs <= idleMs) return []
  return [
    {
      code: 'LIMIT_CONTRADICTION',
      where,
      summary: `the server's hint of ${shownMs(hintMs)} overrides the client's idle timeout of ${shownMs(idleMs)}: ${shownMs(inForceMs)} is in force`,
      evidence: [
        { ledger: 'pools', says: "client's idle timeout as told, ms", value: idleMs },
        { ledger: 'pools', says: 'in force, ms', value: toldMs(inForceMs) },
        { ledger: 'peer', says: "server's Keep-Alive hint, ms", value: hintMs },
      ],
      advice: `cap what a hint may do: ${turnTo(client, 'maxIdleMs', idleMs) ?? 'this client has no option for that'}`,
    },
  ]
}

const endless = (where: string, client: LimitSide): LimitFault => ({
  code: 'TIMEOUT_MISSING',
  where,
  summary: 'neither side ever closes an idle connection: it stays for as long as both processes live',
  evidence: [
    { ledger: 'pools', says: "client's idle timeout", value: 'none' },
    { ledger: 'peer', says: "server's idle timeout", value: 'none' },
  ],
  advice: `set one on the client: ${turnTo(client, 'idleMs', 4_000) ?? 'an idle timeout'}`,
})

/** What the client gives up before the proxy does goes on behind it. */
function lintThrough(client: LimitSide, back: LimitSide): readonly LimitFault[] {
  const mineMs = client.values.totalMs ?? Number.POSITIVE_INFINITY
  const { totalMs = Number.POSITIVE_INFINITY, headersMs = Number.POSITIVE_INFINITY } = back.values
  const theirsMs = Number.isFinite(totalMs) ? totalMs : headersMs
  if (!Number.isFinite(mineMs) || theirsMs <= mineMs) return []
  return [
    {
      code: 'LIMIT_CONTRADICTION',
      where: `${client.name} through ${back.name}`,
      summary: `the client gives up after ${shownMs(mineMs)}, the proxy waits for its own answer for ${shownMs(theirsMs)}: what nobody waits for any more goes on behind it`,
      evidence: [
        { ledger: 'pools', says: "client's bound on a whole request, ms", value: mineMs },
        { ledger: 'peer', says: "proxy's bound on its own, ms", value: toldMs(theirsMs) },
      ],
      advice: `give the proxy less time than its client has: ${turnTo(back, 'headersMs', Math.round(mineMs * 0.9)) ?? 'a shorter bound'}`,
    },
  ]
}

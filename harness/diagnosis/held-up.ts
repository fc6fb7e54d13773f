/** Findings about what holds no handle of its own: a server's close that never comes, listeners that pile up. */
import type { Finding } from '../model/finding.ts'
import { composeFinding, placeOf, plural } from './compose.ts'
import type { Material } from './material.ts'
import { isPeerClosed, type ResidualSocket, type Residue, roleOf } from './residue.ts'

export function heldUpFindings(material: Material, residue: Residue): readonly Finding[] {
  return [...blockedCloses(material, residue), ...listenerStacks(material, residue)]
}

function blockedCloses({ cwd, page }: Material, residue: Residue): readonly Finding[] {
  return residue.blockedCloses.flatMap(({ connections, port, openedAt }) => {
    const accepted = residue.sockets.filter(
      (socket) => roleOf(socket) === 'inbound' && port !== null && (socket.kernel?.local.port ?? socket.ledger?.localPort) === port,
    )
    const held = accepted.filter((socket) => !isPeerClosed(socket))
    // Each connection it waits for is explained by a peer that has gone.
    if (accepted.length > 0 && held.length === 0) return []
    const peers = held.flatMap(({ kernel }) => (kernel === null ? [] : [`${kernel.remote.address}:${kernel.remote.port}`]))
    const owed = new Set(page?.responses.flatMap((response) => (response.localPort === port ? (response.remotePort ?? []) : [])))
    const isOwed = ({ kernel, ledger }: ResidualSocket): boolean => owed.has(kernel?.remote.port ?? ledger?.remotePort ?? -1)
    const unanswered = held.filter(isOwed).length
    const silent = held.filter((socket) => socket.ledger?.requestsServed === 0 && !isOwed(socket)).length
    return composeFinding({
      code: 'SERVER_CLOSE_BLOCKED',
      count: connections,
      origin: port === null ? null : `tcp://127.0.0.1:${port}`,
      request: null,
      openedAt: placeOf(openedAt, cwd),
      summary: `close() waits for ${plural(connections, 'connection')}${peers.length > 0 ? ` from ${peers.slice(0, 3).join(', ')}` : ''}`,
      evidence: [
        { ledger: 'pools', says: 'connections the server still counts', value: connections },
        ...(peers.length > 0
          ? [{ ledger: 'kernel' as const, says: `ESTABLISHED, peer ${peers.slice(0, 3).join(', ')}`, value: peers.length }]
          : []),
        ...(unanswered > 0 ? [{ ledger: 'requests' as const, says: 'a request on it is not answered to its end', value: unanswered }] : []),
        ...(silent > 0 ? [{ ledger: 'requests' as const, says: 'no request was ever answered on it', value: silent }] : []),
      ],
      advice:
        'after server.close() let go of what is still connected: server.closeIdleConnections() does not touch a connection that never sent a request, server.closeAllConnections() does (at once, or after a grace time)',
    })
  })
}

/** By what they pile up on. */
const LISTENER_ADVICE: Readonly<Record<string, string>> = {
  AbortSignal:
    'remove the listener when the operation is over (removeEventListener in a finally, or { signal } or { once: true } where it fits); a long-lived AbortSignal keeps every closure alive',
  Socket:
    'listen on the request or the response, which end with the exchange (request.on, response.on), or take the listener off in a finally (socket.off); a connection that is kept alive keeps every closure alive',
}

function listenerStacks({ cwd }: Material, residue: Residue): readonly Finding[] {
  return residue.listenerStacks.map(({ event, target, count, openedAt }) =>
    composeFinding({
      code: 'LISTENER_STACKING',
      count,
      origin: null,
      request: null,
      openedAt: placeOf(openedAt, cwd),
      summary: `${count} '${event}' listeners of one line pile up on one ${target} and are never removed`,
      evidence: [{ ledger: 'requests', says: `'${event}' listeners on one ${target}`, value: count }],
      advice: LISTENER_ADVICE[target] ?? 'remove the listener when the operation is over',
    }),
  )
}

/** When what is left began: the picture beside the findings. Pure. */
import type { Lifeline } from '../model/run-record.ts'
import { placeOf } from './compose.ts'
import { causesAmong, nounOf } from './handles.ts'
import type { Material } from './material.ts'
import { type ResidualSocket, residueOf } from './residue.ts'

/** The lifelines of a diagnosis, times in ms since 1970. */
export interface Lifelines {
  readonly shown: readonly Lifeline[]
  readonly leftOut: number
}

export const NO_LIFELINES: Lifelines = { shown: [], leftOut: 0 }

/** As many as a reader takes in; the findings count them all. */
const MOST = 60

/** One line for each thing of the residue, cause before symptom: a connection with its request on it is told by the request. */
export function lifelinesOf(material: Material): Lifelines {
  const { page, cwd } = material
  if (page === null) return NO_LIFELINES
  const residue = residueOf(material.baseline, material.recount, page, material.options)
  const held = new Set(residue.requests.flatMap((request) => request.socketId ?? []))
  const onWall = (ms: number): number => page.timeOriginMs + ms
  const requests = residue.requests.map(
    (request): Lifeline => ({
      what: 'request',
      label: `${request.method} ${request.path ?? 'a request'}`,
      openedAtMs: onWall(request.createdAtMs),
      headersAtMs: request.headersAtMs === null ? null : onWall(request.headersAtMs),
      openedAt: placeOf(request.openedAt, cwd),
    }),
  )
  const connections = residue.sockets.flatMap(({ ledger, kernel }): readonly Lifeline[] =>
    ledger === null || held.has(ledger.id)
      ? []
      : [
          {
            what: 'connection',
            label: connectionLabel({ ledger, kernel }),
            openedAtMs: onWall(ledger.openedAtMs),
            headersAtMs: null,
            openedAt: placeOf(ledger.openedAt, cwd),
          },
        ],
  )
  // Work that hangs has not ended: its timers and the like are still its own.
  const handles = causesAmong(material.hung === null ? residue.handles : []).map(
    (handle): Lifeline => ({
      what: 'handle',
      label: nounOf(handle.type),
      openedAtMs: onWall(handle.openedAtMs),
      headersAtMs: null,
      openedAt: placeOf(handle.openedAt, cwd),
    }),
  )
  const all = [...requests, ...connections, ...handles].toSorted((a, b) => a.openedAtMs - b.openedAtMs)
  return { shown: all.slice(0, MOST), leftOut: Math.max(0, all.length - MOST) }
}

function connectionLabel({ ledger, kernel }: ResidualSocket): string {
  const state = kernel?.state ?? 'connection'
  const where = ledger?.origin ?? (ledger?.remotePort == null ? '' : `port ${ledger.remotePort}`)
  return ledger?.role === 'inbound' ? `${state} from a client` : `${state} to ${where}`
}

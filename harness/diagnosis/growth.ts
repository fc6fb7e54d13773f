/** Steady growth from iteration to iteration that no other finding explains. Pure. */
import type { Census } from '../model/census.ts'
import type { Evidence, Finding } from '../model/finding.ts'
import type { OpenHandle } from '../model/ledger-page.ts'
import { composeFinding, groupBy, lineKey, placeOf, plural } from './compose.ts'
import { nounOf } from './handles.ts'
import type { Material } from './material.ts'
import type { Residue } from './residue.ts'

/** Below it a trend is a guess, and identity decides alone (product.md). */
export const MIN_ITERATIONS = 3

/** What was there after so many iterations. */
interface Point {
  readonly after: number
  readonly count: number
}

/** Median of the slopes between any two points (Theil and Sen): one odd count does not bend it. */
export function slopeOf(points: readonly Point[]): number {
  const slopes = points
    .flatMap((a, index) => points.slice(index + 1).map((b) => (b.count - a.count) / (b.after - a.after)))
    .toSorted((a, b) => a - b)
  const half = slopes.length / 2
  return ((slopes[Math.floor(half)] ?? 0) + (slopes[Math.ceil(half) - 1] ?? 0)) / 2
}

/** More in each third of the way, and never fewer: what is made once, or filled up to a limit, stands still before the end. */
export function isSteady(points: readonly Point[]): boolean {
  if (points.length <= MIN_ITERATIONS || points.some(({ count }, index) => count < (points[index - 1]?.count ?? 0))) return false
  const at = (share: number): number => points[Math.round((points.length - 1) * share)]?.count ?? 0
  return at(1 / 3) > at(0) && at(2 / 3) > at(1 / 3) && at(1) > at(2 / 3)
}

export function growthFindings(material: Material, residue: Residue): readonly Finding[] {
  if (material.hung !== null || material.iterations.length < MIN_ITERATIONS) return []
  const byLine = unreferenced(material)
  // One finding for one resource: the line first, then the kind, then the bare number.
  if (byLine.length > 0) return byLine
  const byType = activeTypes(material, residue)
  return [
    ...byType.map(({ finding }) => finding),
    ...(byType.some(({ type }) => WITH_DESCRIPTORS.has(type.toUpperCase())) ? [] : strangers(material, residue)),
  ]
}

interface Grown {
  readonly what: string
  readonly points: readonly Point[]
  /** At the recount, more than at the baseline. */
  readonly left: number
  readonly ledger: Evidence['ledger']
  readonly openedAt: Finding['openedAt']
  readonly advice: string
}

function growth({ what, points, left, ledger, openedAt, advice }: Grown): Finding {
  const slope = Math.round(slopeOf(points) * 100) / 100
  return composeFinding({
    code: 'GROWTH',
    count: left,
    origin: null,
    request: null,
    openedAt,
    summary: `${what}: ${slope} more with each iteration, ${left} in all, and none was given back`,
    evidence: [
      { ledger, says: 'more with each iteration (median slope)', value: slope },
      {
        ledger,
        says: `counted after 0, ${points
          .slice(1, 4)
          .map(({ after }) => after)
          .join(', ')} ... iterations`,
        value: points.map(({ count }) => count).join(' '),
      },
    ],
    advice,
  })
}

/** Made at one line in every part of the run, and kept, but without a hold on the process: a timer that repeats for ever costs all the same. */
function unreferenced({ page, iterations, options, cwd }: Material): readonly Finding[] {
  const total = options.iterations
  // A timer that fires once will be gone; a port that nobody listens on may be collected.
  const isKept = ({ type, detail, isReferenced, iteration }: OpenHandle): boolean =>
    isReferenced === false && iteration >= 0 && type !== 'MESSAGEPORT' && (type !== 'Timeout' || detail !== null)
  return groupBy((page?.handles ?? []).filter(isKept), (handle) => `${handle.type} ${lineKey(handle.openedAt)}`).flatMap((group) => {
    const marks = [0, ...iterations.map(({ after }) => after)]
    const points = marks.map((after) => ({ after, count: group.filter(({ iteration }) => iteration < after).length }))
    if (total < MIN_ITERATIONS || !isSteady(points)) return []
    const [first] = group
    return growth({
      what: `${plural(group.length, nounOf(first.type))} without a ref`,
      points,
      left: group.length,
      ledger: 'requests',
      openedAt: placeOf(first.openedAt, cwd),
      advice:
        'close it with what it belongs to (clearInterval, close(), terminate()): unref() lets the process end, it gives nothing back. Or make it once, outside what is repeated',
    })
  })
}

/** Kinds that hold descriptors other than connections and files. */
const WITH_DESCRIPTORS: ReadonlySet<string> = new Set(['PIPEWRAP', 'PIPESERVERWRAP', 'UDPWRAP', 'PROCESSWRAP', 'WORKER', 'FSEVENTWRAP'])

/** Descriptors that are neither a TCP socket nor a file: pipes, Unix and datagram sockets, epoll and the like. Null: unknown. */
export function strangersIn({ descriptors, sockets, files }: Pick<Census, 'descriptors' | 'sockets' | 'files'>): number | null {
  return descriptors === null || sockets === null || files === null ? null : descriptors - sockets.length - files.length
}

function strangers(material: Material, residue: Residue): readonly Finding[] {
  if (residue.handles.some(({ type }) => WITH_DESCRIPTORS.has(type)) || residue.sockets.some(({ ledger }) => ledger?.isPipe)) return []
  const points = pointsOf(material, (each) => each.strangers, strangersIn(material.baseline))
  const now = strangersIn(material.recount)
  const left = lasting(points, now)
  if (points === null || left === null) return []
  return [
    growth({
      what: `${plural(left, 'descriptor')} of pipes, Unix or datagram sockets, or native code`,
      points,
      left,
      ledger: 'kernel',
      openedAt: null,
      advice:
        "close what the work opens that is neither a file nor a connection: child.stdin and its like, dgram and Unix sockets, an addon's own; at level full those that Node opens have findings with their line",
    }),
  ]
}

/** What Node counts as holding the event loop, where no ledger says whose it is. Connections are judged one by one elsewhere. */
function activeTypes(material: Material, residue: Residue): readonly { readonly type: string; readonly finding: Finding }[] {
  if (residue.requests.length > 0 || residue.sockets.length > 0) return []
  const explained = new Set(residue.handles.map(({ type }) => type.toUpperCase()))
  const types = new Set(material.iterations.flatMap(({ handles }) => Object.keys(handles ?? {})))
  return [...types].flatMap((type) => {
    if (/^TCP|^(?:Immediate|TickObject)$/.test(type) || explained.has(type.toUpperCase())) return []
    const countIn = (handles: Census['handles']): number | null => (handles === null ? null : (handles[type] ?? 0))
    const points = pointsOf(material, (each) => countIn(each.handles), countIn(material.baseline.handles))
    const left = lasting(points, countIn(material.recount.handles))
    if (points === null || left === null) return []
    const finding = growth({
      what: `${left} of what Node calls ${type}`,
      points,
      left,
      ledger: 'requests',
      openedAt: null,
      advice: 'close it, or make it once, outside what is repeated; run at level full to have its line',
    })
    return [{ type, finding }]
  })
}

function pointsOf(
  { iterations }: Material,
  countOf: (each: Material['iterations'][number]) => number | null,
  atBaseline: number | null,
): readonly Point[] | null {
  const points = [{ after: 0, count: atBaseline }, ...iterations.map((each) => ({ after: each.after, count: countOf(each) }))]
  return points.every((point): point is Point => point.count !== null) ? points : null
}

/** How many are left at the recount, when they grew steadily and at least half of them stayed; else null. */
function lasting(points: readonly Point[] | null, now: number | null): number | null {
  const [first] = points ?? []
  const last = points?.at(-1)
  if (points === null || first === undefined || last === undefined || now === null || !isSteady(points)) return null
  const left = now - first.count
  return left >= MIN_ITERATIONS && left * 2 >= last.count - first.count ? left : null
}

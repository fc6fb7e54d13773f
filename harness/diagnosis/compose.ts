/** Turning facts into the JSON shape of a finding. */
import { createHash } from 'node:crypto'
import { relative, sep } from 'node:path'
import { type Evidence, type Finding, type FindingCode, type Place, SEVERITY_OF, type Severity } from '../model/finding.ts'
import type { Frame, OpenRequest } from '../model/ledger-page.ts'

export function placeOf(frame: Frame | null, cwd: string): Place | null {
  if (frame === null) return null
  return { ...frame, file: relative(cwd, frame.file).split(sep).join('/') }
}

export interface FindingFacts {
  readonly code: FindingCode
  /** Where it is another than the code's own. */
  readonly severity?: Severity
  readonly count: number
  readonly origin: string | null
  readonly request: Finding['request']
  readonly openedAt: Place | null
  readonly lastTouchedAt?: Place | null
  readonly summary: string
  readonly evidence: readonly Evidence[]
  readonly advice: string
}

export function composeFinding(facts: FindingFacts): Finding {
  const { lastTouchedAt = null, ...rest } = facts
  return { ...rest, severity: facts.severity ?? SEVERITY_OF[facts.code], lastTouchedAt, fingerprint: fingerprintOf(facts) }
}

/** Code, origin without its port, creator frame without its line: stable from run to run. */
function fingerprintOf(facts: FindingFacts): string {
  const role = facts.origin === null ? '' : facts.origin.replace(/:\d+$/, '')
  const parts = [facts.code, role, facts.openedAt?.file ?? '', facts.openedAt?.function ?? '']
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)
}

/** Groups items by a key, in order of first appearance. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly [T, ...T[]])[] {
  const groups = new Map<string, [T, ...T[]]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return [...groups.values()]
}

export const lineKey = (frame: Frame | null): string => (frame === null ? '?' : `${frame.file}:${frame.line}`)

/** What a group of requests has in common: the method and status they share, the common prefix of their paths plus `*`. */
export function requestShape(group: readonly [OpenRequest, ...OpenRequest[]]): Finding['request'] {
  const [first] = group
  const paths = [...new Set(group.flatMap((request) => (request.path === null ? [] : [request.path])))]
  const shared = group.every((request) => request.status === first.status)
  return { method: first.method, path: commonPath(paths), status: shared ? first.status : null }
}

export function commonPath(paths: readonly string[]): string {
  const [first, ...rest] = paths
  if (first === undefined) return '*'
  if (rest.length === 0) return first
  let length = first.length
  for (const path of rest) while (!path.startsWith(first.slice(0, length))) length -= 1
  // Cut at a slash: `/photos/object-00*` would claim more than it knows.
  return `${first.slice(0, first.lastIndexOf('/', length - 1) + 1)}*`
}

export const plural = (count: number, noun: string, many = `${noun}s`): string => `${count} ${count === 1 ? noun : many}`

/** Findings about requests of which no line is known, and what a diagnostic run says of them. Pure. */
import { groupBy, lineKey, placeOf } from '../diagnosis/compose.ts'
import type { Finding } from '../model/finding.ts'
import type { BegunAt } from '../subjects/exec-protocol.ts'

type Asked = Pick<Finding, 'code' | 'severity' | 'request' | 'openedAt'>
type Unlined = Asked & { readonly request: NonNullable<Finding['request']> }

/** Those that are to blame for something and name no line. */
export const unlinedOf = (findings: readonly Asked[]): readonly Unlined[] =>
  findings.filter(
    (finding): finding is Unlined =>
      finding.request !== null && finding.openedAt === null && (finding.severity === 'leak' || finding.severity === 'starvation'),
  )

/** Lines that are shown of one finding. */
const MOST = 5

/** A paragraph for each of them, its lines by how often they led to such a request. */
export function begunText(unlined: readonly Unlined[], begunAt: readonly BegunAt[], cwd: string): string {
  const paragraphs = unlined.map(({ code, request: { method, path } }) => {
    const those = byLine(begunAt.filter((begun) => begun.method === method && fits(begun.path, path)))
    const lines = those.slice(0, MOST).map((begun) => `  ${lineText(begun, cwd)}`)
    const more = those.length > MOST ? [`  and ${those.length - MOST} more`] : []
    return [`${code} ${method} ${path}`, ...(those.length === 0 ? ['  no line of yours led to it this time'] : lines), ...more].join('\n')
  })
  return [...new Set(paragraphs)].join('\n')
}

function byLine(begunAt: readonly BegunAt[]): readonly BegunAt[] {
  return groupBy(begunAt, ({ frame }) => lineKey(frame))
    .map(([first, ...more]) => ({ ...first, count: more.reduce((sum, { count }) => sum + count, first.count) }))
    .toSorted((a, b) => b.count - a.count)
}

/** `/photos/*` is what the paths of a group have in common. */
const fits = (path: string, pattern: string): boolean => (pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern)

function lineText({ frame, count }: BegunAt, cwd: string): string {
  const place = placeOf(frame, cwd)
  return `begun at ${place?.file}:${place?.line}${frame.function === null ? '' : ` in ${frame.function}`}${count === 1 ? '' : `, ${count} times`}`
}

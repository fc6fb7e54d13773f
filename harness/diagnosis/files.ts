/** Findings about files that were opened and not closed. */
import { relative, sep } from 'node:path'
import type { Evidence, Finding } from '../model/finding.ts'
import type { OpenHandle } from '../model/ledger-page.ts'
import { composeFinding, groupBy, lineKey, placeOf, plural } from './compose.ts'
import type { Material } from './material.ts'
import type { Residue } from './residue.ts'

const COLLECTED = 'FILE_COLLECTED'

export const isFile = ({ type }: Pick<OpenHandle, 'type'>): boolean => type === 'FILE' || type === COLLECTED

/** Paths named in a summary; the others are counted. */
const MAX_PATHS = 3

export function fileFindings({ cwd }: Material, residue: Residue): readonly Finding[] {
  const seen = groupBy(residue.handles.filter(isFile), (handle) => `${handle.type} ${lineKey(handle.openedAt)}`).map((group) => {
    const [first] = group
    const isCollected = first.type === COLLECTED
    const evidence: Evidence = isCollected
      ? { ledger: 'requests', says: 'closed by garbage collection, by luck: Node warns of it, and will throw', value: group.length }
      : { ledger: 'kernel', says: `open, as descriptor ${numbers(group)}`, value: group.length }
    return leftOpen(
      group.map(({ detail }) => detail ?? '?'),
      placeOf(first.openedAt, cwd),
      evidence,
      isCollected ? 'never closed' : 'still open',
      cwd,
    )
  })
  // Those of a worker that is left end with it.
  if (residue.files.length === 0 || residue.handles.some(({ type }) => type === 'WORKER')) return seen
  const says = `open, as descriptor ${numbers(residue.files)}; opened by native code, or through a reference older than the work`
  const paths = residue.files.map(({ path }) => path)
  return [...seen, leftOpen(paths, null, { ledger: 'kernel', says, value: paths.length }, 'still open', cwd)]
}

const numbers = (files: readonly { readonly descriptor: number | null }[]): string => cut(files.map(({ descriptor }) => String(descriptor)))

function leftOpen(paths: readonly string[], openedAt: Finding['openedAt'], evidence: Evidence, how: string, cwd: string): Finding {
  const shown = [...new Set(paths)].map((path) => (path.startsWith(`${cwd}${sep}`) ? relative(cwd, path) : path))
  return composeFinding({
    code: 'FILE_LEFT_OPEN',
    count: paths.length,
    origin: null,
    request: null,
    openedAt,
    summary:
      `${plural(paths.length, 'file was', 'files were')} opened and ${paths.length === 1 ? 'is' : 'are'} ${how} (${cut(shown)})`.replace(
        /(?:is|are) never/,
        'never',
      ),
    evidence: [evidence],
    advice:
      'close it in a finally (await handle.close(), fs.closeSync(fd)), or hold it with `await using`; destroy() a stream that is not read or written to its end, or pass it through stream.pipeline, which does',
  })
}

function cut(items: readonly string[]): string {
  const rest = items.length - MAX_PATHS
  return `${items.slice(0, MAX_PATHS).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

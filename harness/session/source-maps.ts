/** Built code names its source: frames of a file with a source map are moved to the file the person wrote. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import type { Frame, LedgerPage } from '../model/ledger-page.ts'

const maps = new Map<string, TraceMap | null>()
const COMMENT = /^\/\/# sourceMappingURL=(\S+)\s*$/m
const INLINE = /^data:application\/json[^,]*;base64,(.+)$/

/** A page whose frames name sources; the page itself where no file has a map. */
export function mapPage(page: LedgerPage): LedgerPage {
  const moved = <T extends { readonly openedAt: Frame | null }>(item: T): T =>
    item.openedAt === null ? item : { ...item, openedAt: mapFrame(item.openedAt) }
  const touched = <T extends { readonly lastTouchedAt: Frame | null }>(item: T): T =>
    item.lastTouchedAt === null ? item : { ...item, lastTouchedAt: mapFrame(item.lastTouchedAt) }
  return {
    ...page,
    requests: page.requests.map(moved),
    responses: page.responses.map(moved).map(touched),
    sockets: page.sockets.map(moved),
    handles: page.handles.map(moved),
    rescued: page.rescued.map(moved).map(touched),
    blockedCloses: page.blockedCloses.map(moved),
    listenerStacks: page.listenerStacks.map(moved),
    queues: page.queues.map(moved),
    resets: page.resets.map(moved),
    exhausted: page.exhausted === null ? null : moved(page.exhausted),
  }
}

/** The frame in its source; unchanged where there is no map. A runtime that maps stacks itself already names files that have none. */
export function mapFrame(frame: Frame): Frame {
  const map = mapOf(frame.file)
  if (map === null) return frame
  // Stacks count columns from 1, source maps from 0.
  const { source, line, column } = originalPositionFor(map, { line: frame.line, column: frame.column - 1 })
  if (source === null || line === null || column === null) return frame
  return {
    ...frame,
    file: source.startsWith('file://') ? fileURLToPath(source) : resolve(dirname(frame.file), source),
    line,
    column: column + 1,
  }
}

function mapOf(file: string): TraceMap | null {
  const known = maps.get(file)
  if (known !== undefined) return known
  const map = readMap(file)
  maps.set(file, map)
  return map
}

function readMap(file: string): TraceMap | null {
  try {
    const url = COMMENT.exec(readFileSync(file, 'utf8'))?.[1]
    if (url === undefined) return null
    const inline = INLINE.exec(url)?.[1]
    return new TraceMap(inline === undefined ? readFileSync(resolve(dirname(file), url), 'utf8') : Buffer.from(inline, 'base64').toString())
  } catch {
    // A missing or broken map costs the source's name, nothing else.
    return null
  }
}

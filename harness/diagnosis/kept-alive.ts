/** What keeps work that hangs from ending when it waits for no request: its timers, servers, children, by line. Pure. */
import type { Evidence, Place } from '../model/finding.ts'
import type { OpenHandle } from '../model/ledger-page.ts'
import { groupBy, lineKey, placeOf } from './compose.ts'
import { isFile } from './files.ts'
import { causesAmong, nounOf } from './handles.ts'

export interface KeptAlive {
  readonly evidence: readonly Evidence[]
  /** Of the oldest that is known by its line. */
  readonly openedAt: Place | null
}

export function keptAlive(handles: readonly OpenHandle[], cwd: string): KeptAlive {
  // An open file keeps nobody.
  const keeping = causesAmong(handles).filter((handle) => !isFile(handle))
  const groups = groupBy(keeping, (handle) => `${handle.type} ${lineKey(handle.openedAt)}`)
  const evidence = groups.map(([first, ...more]): Evidence => {
    const where = placeOf(first.openedAt, cwd)
    const place = where === null ? '' : ` made at ${where.file}:${where.line}`
    return {
      ledger: 'requests',
      says: `no request is open; what keeps it is a ${nounOf(first.type)}${place}`,
      value: more.length === 0 ? null : more.length + 1,
    }
  })
  const named = groups.find(([first]) => first.openedAt !== null)
  return { evidence, openedAt: placeOf(named?.[0].openedAt ?? null, cwd) }
}

/** Findings about what else keeps a process busy: timers, servers, watchers, workers, children. */
import type { Finding, FindingCode } from '../model/finding.ts'
import type { OpenHandle } from '../model/ledger-page.ts'
import { composeFinding, groupBy, lineKey, placeOf, plural } from './compose.ts'
import { isFile } from './files.ts'
import type { Material } from './material.ts'
import type { Residue } from './residue.ts'

interface Kind {
  readonly code: FindingCode
  readonly noun: string
  readonly advice: string
}

/** By async_hooks type; anything else is HANDLE_LEFT. */
const KINDS: Readonly<Record<string, Kind>> = {
  Timeout: {
    code: 'TIMER_LEFT',
    noun: 'timer',
    advice: 'clear it in a finally (clearInterval, clearTimeout), or unref() it when it is meant to live as long as the process',
  },
  Immediate: {
    code: 'TIMER_LEFT',
    noun: 'immediate',
    advice: 'end the loop that sets the next one (clearImmediate, or a condition that comes true): until then it keeps a core busy',
  },
  TCPSERVERWRAP: {
    code: 'SERVER_LEFT_LISTENING',
    noun: 'server',
    advice: "close it: server.close(), then wait for 'close'; server.closeAllConnections() lets go of its connections",
  },
  FSEVENTWRAP: { code: 'WATCHER_LEFT', noun: 'file watcher', advice: 'close it: watcher.close(), or pass an AbortSignal to fs.watch' },
  STATWATCHER: { code: 'WATCHER_LEFT', noun: 'file watcher', advice: 'stop it: fs.unwatchFile(path)' },
  HTTP2SESSION: {
    code: 'H2_SESSION_OPEN',
    noun: 'HTTP/2 session',
    advice:
      'close it when its streams have ended: session.close(), or session.destroy() on the error path; one session per origin is enough',
  },
  WORKER: { code: 'WORKER_LEFT', noun: 'worker thread', advice: 'end it: await worker.terminate(), or let its code finish' },
  PROCESSWRAP: { code: 'CHILD_LEFT', noun: 'child process', advice: "end it: child.kill(), then wait for 'exit'" },
}

/** What comes along with another handle made at the same line. */
const COMES_WITH: Readonly<Record<string, readonly string[]>> = { MESSAGEPORT: ['WORKER'], PIPEWRAP: ['PROCESSWRAP', 'WORKER'] }

/** Without what comes along with another. */
export function causesAmong(handles: readonly OpenHandle[]): readonly OpenHandle[] {
  const linesOf = (types: readonly string[]): ReadonlySet<string> =>
    new Set(handles.filter((handle) => types.includes(handle.type)).map((handle) => lineKey(handle.openedAt)))
  return handles.filter((handle) => !linesOf(COMES_WITH[handle.type] ?? []).has(lineKey(handle.openedAt)))
}

export const nounOf = (type: string): string => KINDS[type]?.noun ?? (isFile({ type }) ? 'file' : `handle (${type})`)

export function handleFindings(material: Material, residue: Residue): readonly Finding[] {
  const asked = new Set(residue.requests.map(({ openedAt }) => lineKey(openedAt)))
  // A client's own timer or session for a request that is told, which nobody else can clear or close.
  const isClients = ({ type, isOwnCall, openedAt }: OpenHandle): boolean =>
    ((type === 'Timeout' && !isOwnCall) || type === 'HTTP2SESSION') && asked.has(lineKey(openedAt))
  return groupBy(
    causesAmong(residue.handles).filter((handle) => !isFile(handle) && !isClients(handle)),
    (handle) => `${handle.type} ${lineKey(handle.openedAt)}`,
  ).map((group) => handleLeft(group, material))
}

function handleLeft(group: readonly [OpenHandle, ...OpenHandle[]], material: Material): Finding {
  const [first] = group
  const kind = KINDS[first.type] ?? { code: 'HANDLE_LEFT', noun: nounOf(first.type), advice: 'close it when the work is done' }
  const details = group.flatMap((handle) => handle.detail ?? []).slice(0, 3)
  return composeFinding({
    code: kind.code,
    count: group.length,
    origin: first.port === null ? null : `tcp://127.0.0.1:${first.port}`,
    request: null,
    openedAt: placeOf(first.openedAt, material.cwd),
    summary: `${plural(group.length, `${kind.noun} is`, `${kind.noun}${kind.noun.endsWith('s') ? 'es' : 's'} are`)} still there${details.length > 0 ? ` (${details.join(', ')})` : ''}`,
    evidence: [{ ledger: 'requests', says: `${first.type}, opened during the work, not closed`, value: group.length }],
    advice: kind.advice,
  })
}

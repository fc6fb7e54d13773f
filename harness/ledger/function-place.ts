/**
 * Where a function stands in the source. No stack tells that before it runs, V8's inspector does: a session inside this process, opened for
 * the moment of the question and closed again; it opens no port. Costs 6 to 17 ms, 70 ms the first time (Node 24, 180 scripts), so ask only
 * about what is suspected already; each function is asked about once.
 */
import { Session } from 'node:inspector'
import { findSourceMap } from 'node:module'
import type { Frame } from '../model/ledger-page.ts'
import { userFrame } from './stacks.ts'

const KEY = '__watertight_function__'
const known = new WeakMap<object, Frame | null>()

/** Null: not the user's own, a bound or native function, or its place cannot be told here. */
export function placeOfFunction(listener: object): Frame | null {
  let frame = known.get(listener)
  if (frame === undefined) {
    frame = ask(listener)
    known.set(listener, frame)
  }
  return frame
}

/**
 * A runner that rewrites stacks runs other text than the file has (vitest, jest): a raw position would name a wrong line. Node's own
 * formatter, there from the start, is known by its name; should that change, no place is told.
 */
function areStacksRewritten(): boolean {
  const { prepareStackTrace } = Error
  return typeof prepareStackTrace === 'function' && prepareStackTrace.name !== 'ErrorPrepareStackTrace'
}

function ask(listener: object): Frame | null {
  if (areStacksRewritten()) return null
  try {
    const place = askInspector(listener)
    if (place === null) return null
    const { name = '' } = listener as { readonly name?: string }
    return userFrame(`    at ${name === '' ? '<anonymous>' : name} (${place})`)
  } catch {
    // No inspector in this build, or not permitted (--permission): then the place stays unknown.
    return null
  }
}

interface Position {
  readonly scriptId: string
  readonly lineNumber: number
  readonly columnNumber: number
}

interface Parsed {
  readonly params: { readonly scriptId: string; readonly url: string }
}

interface Properties {
  readonly internalProperties?: readonly { readonly name: string; readonly value?: { readonly value?: unknown } }[]
}

/** `file:line:column`. Every post is answered before it returns: the session is of this very thread. */
function askInspector(listener: object): string | null {
  const session = new Session()
  session.connect()
  Object.defineProperty(globalThis, KEY, { value: listener, configurable: true })
  try {
    let position: Position | null = null
    session.post('Runtime.evaluate', { expression: `globalThis.${KEY}` }, (_error, evaluated) => {
      const objectId = evaluated?.result.objectId
      if (objectId === undefined) return
      session.post('Runtime.getProperties', { objectId, ownProperties: true }, (_failed, answer) => {
        const place = (answer as Properties | undefined)?.internalProperties?.find(({ name }) => name === '[[FunctionLocation]]')
        position = (place?.value?.value ?? null) as Position | null
      })
    })
    // Written to by the callbacks above, which the compiler does not see.
    const found = position as Position | null
    return found === null ? null : inSource(urlOf(session, found.scriptId), found)
  } finally {
    Reflect.deleteProperty(globalThis, KEY)
    session.disconnect()
  }
}

function urlOf(session: Session, scriptId: string): string {
  let url = ''
  session.on('Debugger.scriptParsed', ({ params }: Parsed) => {
    if (params.scriptId === scriptId) url = params.url
  })
  session.post('Debugger.enable')
  session.post('Debugger.disable')
  return url
}

/** Positions of V8 count from 0. Text that was transformed in memory has its map only there. */
function inSource(url: string, { lineNumber, columnNumber }: Position): string {
  const entry = process.sourceMapsEnabled ? findSourceMap(url)?.findEntry(lineNumber, columnNumber) : undefined
  const { originalSource, originalLine, originalColumn } = { originalSource: '', originalLine: 0, originalColumn: 0, ...entry }
  return originalSource === ''
    ? `${url}:${lineNumber + 1}:${columnNumber + 1}`
    : `${originalSource}:${originalLine + 1}:${originalColumn + 1}`
}

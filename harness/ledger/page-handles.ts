/** Handles, as a page shows them. */
import type { OpenHandle } from '../model/ledger-page.ts'
import { type Book, CAPTURE_SLOT, type HandleEntry } from './book.ts'
import { type FileEntry, isStillOpen, pathOf } from './file-book.ts'
import { bareHandle } from './sockets.ts'
import type { Capture } from './stacks.ts'

interface OpenResource {
  readonly hasRef?: () => boolean
  readonly _destroyed?: boolean
  /** Of a timer that fires again and again, ms; null for one that fires once. */
  readonly _repeat?: number | null
  readonly pid?: number
  readonly getsockname?: (out: object) => number
  readonly [CAPTURE_SLOT]?: Capture
}

function isReferenced(resource: OpenResource): boolean | null {
  return typeof resource.hasRef === 'function' ? resource.hasRef() : null
}

function portOf(resource: OpenResource): number | null {
  const out: { port?: number } = {}
  return typeof resource.getsockname === 'function' && resource.getsockname(out) === 0 ? (out.port ?? null) : null
}

/** Closed, but not told of yet: a timer for a turn. */
function isClosed(book: Book, { type, resource }: HandleEntry): boolean {
  if (type === 'HTTP2SESSION') {
    // The server's end of a session is the server's business, and what one that was closed waits for are its streams'.
    const session = book.eyes.h2SessionOf(resource)
    return session === null || !session.isOpen || session.isClosing || !session.isClient
  }
  return (type === 'Timeout' || type === 'Immediate') && (resource as OpenResource)._destroyed === true
}

/** A connection that its http.Agent hands out again is told of once more, as something that holds its handle. */
const bareResource = ({ resource }: HandleEntry): object => (resource as { readonly handle?: object }).handle ?? resource

function detailOf({ pid, _repeat }: OpenResource, port: number | null): string | null {
  if (port !== null) return `port ${port}`
  if (typeof pid === 'number') return `pid ${pid}`
  return typeof _repeat === 'number' ? `every ${_repeat} ms` : null
}

export function openHandles(book: Book): readonly OpenHandle[] {
  const ofSockets = new Set([...book.sockets].map(({ socket }) => bareHandle(socket)))
  const open = [...book.handles.values()].filter((entry) => !isClosed(book, entry) && !ofSockets.has(bareResource(entry)))
  return open.map((entry) => {
    const resource = entry.resource as OpenResource
    const h2 = entry.type === 'HTTP2SESSION' ? book.eyes.h2SessionOf(entry.resource) : null
    const port = h2 === null ? portOf(resource) : h2.localPort
    // A session is made when its connection stands, without the user's frame; the connection has it.
    const connection = h2 === null ? undefined : [...book.sockets].find(({ socket }) => socket.localPort === h2.localPort)
    const capture = connection?.capture ?? resource[CAPTURE_SLOT] ?? entry.capture
    return {
      id: entry.id,
      type: entry.type,
      isReferenced: isReferenced(resource),
      detail: detailOf(resource, port),
      port,
      descriptor: null,
      openedAtMs: entry.openedAtMs,
      iteration: entry.iteration,
      isOwnCall: capture.isOwnCall?.() ?? true,
      openedAt: capture.frame(),
    }
  })
}

/** Files that are open still, and those that only garbage collection has closed. */
export function openFiles({ files }: Book): readonly OpenHandle[] {
  for (const [descriptor, entry] of files.opened)
    if (entry.handle?.deref() !== undefined && !isStillOpen(entry)) files.opened.delete(descriptor)
  const open = [...files.opened.values()].filter(isStillOpen)
  return [
    ...open.map((entry) => fileHandle('FILE', entry, pathOf(entry))),
    ...files.collected.map((entry) => fileHandle('FILE_COLLECTED', entry, entry.path)),
  ]
}

function fileHandle(type: string, { id, descriptor, openedAtMs, iteration, capture }: FileEntry, path: string): OpenHandle {
  // A file keeps no process alive; it is a descriptor, and there are only so many.
  return {
    id,
    type,
    isReferenced: null,
    detail: path,
    port: null,
    descriptor,
    openedAtMs,
    iteration,
    openedAt: capture.frame(),
    isOwnCall: true,
  }
}

/** Requests, as a page shows them. */
import type { ClientRequest } from 'node:http'
import type { Frame, OpenRequest } from '../model/ledger-page.ts'
import { isStillAsked, noLongerAsked } from './asked.ts'
import { type Book, CAPTURE_SLOT, type RequestEntry } from './book.ts'
import { branchStates } from './branches.ts'
import { isInAgentsQueue } from './in-line.ts'
import { isStillUploading, poolOfRequest } from './node-http.ts'
import type { Capture } from './stacks.ts'

/**
 * Of a request whose line nobody knows: '', so that these are numbered among themselves. Some SDKs hand promises on without awaiting them (Azure's pipeline),
 * and there V8 loses who called.
 */
const siteOf = (frame: Frame | null): string => (frame === null ? '' : `${frame.file}:${frame.line}:${frame.column}`)

/**
 * Requests that are over without any channel having said so: destroyed before an answer, upgraded to something else, or answered over a
 * connection that has closed since. The unread rest of the last kind lies in memory and holds nothing.
 */
export function dropSilentlyEnded(book: Book): void {
  for (const entry of book.uploads) if (!isStillUploading(entry.request as ClientRequest)) book.uploads.delete(entry)
  for (const entry of book.requests) {
    if (entry.client !== 'node:http') {
      if (isUpgraded(book, entry)) book.requests.delete(entry)
      continue
    }
    const { destroyed } = entry.request as { destroyed?: boolean }
    if (isGivenUpInQueue(book, entry)) continue
    if (entry.response === null ? destroyed === true : entry.socket?.socket.destroyed === true) book.requests.delete(entry)
  }
}

/**
 * Destroyed while it waits in the queue of its Agent: node:http keeps that to itself until a connection is free, so whoever waits for an answer or an error
 * goes on waiting. That it was destroyed is only seen when somebody looks.
 */
export function isGivenUpInQueue(book: Book, entry: RequestEntry): boolean {
  const { request } = entry
  if ((request as { destroyed?: boolean }).destroyed !== true || !isInAgentsQueue(entry)) return false
  sinceGivenUp(book, request)
  return true
}

/** How long ago it was first seen to be given up, ms. */
function sinceGivenUp(book: Book, queued: object): number {
  const nowMs = performance.now()
  const sinceMs = book.givenUpAtMs.get(queued) ?? nowMs
  book.givenUpAtMs.set(queued, sinceMs)
  return nowMs - sinceMs
}

/** Once it is a WebSocket, or another protocol, undici takes its hands off the connection; nobody says so. */
function isUpgraded(book: Book, { socket }: RequestEntry): boolean {
  return socket?.pool?.agent === null && book.eyes.undiciClientOf(socket.socket) === null
}

/** The undici requests that wait inside a Pool; those that failed meanwhile leave the queue, those dispatched have left it. */
export function waitingInPools(book: Book): readonly OpenRequest[] {
  const waiting: OpenRequest[] = []
  for (const entry of book.poolQueue) {
    const { resource } = entry
    const queued = book.eyes.queuedRequestOf(resource, entry.asked?.handler ?? null)
    if (queued === null || queued.isOver) {
      book.poolQueue.delete(entry)
      continue
    }
    const capture = (queued.handler as { [CAPTURE_SLOT]?: Capture })[CAPTURE_SLOT] ?? entry.capture
    waiting.push({
      id: book.nextId++,
      client: book.eyes.isFetchHandler(queued.handler) ? 'fetch' : 'undici',
      method: queued.method,
      origin: queued.origin === null ? null : new URL(queued.origin).origin,
      path: queued.path?.split('?', 1)[0] ?? null,
      phase: 'queued',
      status: null,
      createdAtMs: entry.queuedAtMs,
      headersAtMs: null,
      bodyBytes: null,
      receivedBytes: null,
      reader: null,
      bound: null,
      givenUpMs: queued.isGivenUp ? sinceGivenUp(book, resource) : null,
      isStream: false,
      branches: null,
      branchedAt: null,
      isLetGo: false,
      isInLine: true,
      waitsInPool: true,
      socketBytesWritten: null,
      servedFor: null,
      bufferedBytes: null,
      socketBytesRead: null,
      iteration: book.iteration,
      socketId: null,
      poolId: null,
      openedAt: capture.frame(),
      openedBy: capture.dependency?.() ?? null,
      ordinalAtSite: null,
    })
  }
  return [...waiting, ...askedElsewhere(book)]
}

/** In pools that make no entry for who waits (undici before 8.12): where they go, nobody tells. */
function askedElsewhere(book: Book): readonly OpenRequest[] {
  const queued = [...book.poolQueue].flatMap(({ resource, asked }) => book.eyes.queuedRequestOf(resource, asked?.handler ?? null) ?? [])
  const known = new Set(queued.map(({ handler }) => handler))
  for (const entry of book.asked) if (!isStillAsked(book, entry)) noLongerAsked(book, entry)
  // Shown already, by a channel and without a word of who asked: the oldest are taken for these, so that none is shown twice.
  const shown = [...book.requests].filter(({ client, asker, headersAtMs }) => client === 'undici' && asker === null && headersAtMs === null)
  const elsewhere = [...book.asked].filter(({ handler }) => !known.has(handler)).slice(shown.length)
  return elsewhere.map(({ handler, id, capture, askedAtMs, iteration }) => {
    const { method } = handler as { readonly method?: unknown }
    return {
      ...NOT_SHOWN,
      id,
      method: typeof method === 'string' ? method : 'GET',
      createdAtMs: askedAtMs,
      iteration,
      openedAt: capture.frame(),
      openedBy: capture.dependency?.() ?? null,
    }
  })
}

/** What is not known of a request that no channel has shown. */
const NOT_SHOWN = {
  client: 'undici',
  origin: null,
  path: null,
  phase: 'queued',
  status: null,
  headersAtMs: null,
  bodyBytes: null,
  receivedBytes: null,
  reader: null,
  bound: null,
  givenUpMs: null,
  isStream: false,
  branches: null,
  branchedAt: null,
  isLetGo: false,
  isInLine: true,
  waitsInPool: true,
  socketBytesWritten: null,
  servedFor: null,
  bufferedBytes: null,
  socketBytesRead: null,
  socketId: null,
  poolId: null,
  ordinalAtSite: null,
} as const

/** Has it no connection yet? */
const isQueued = (entry: RequestEntry): boolean => entry.socket === null && entry.headersAtMs === null

/**
 * Numbers the requests of each line in the order they were made; queued ones inside pools come last. Only when something is queued: it
 * formats the stack of every request of the work, and a page may be asked for while that runs.
 */
export function ordinals(book: Book): { of(capture: Capture | null): number | null; next(frame: Frame | null): number | null } {
  const byCapture = new Map<Capture, number>()
  const counts = new Map<string, number>()
  const isAsked = book.poolQueue.size > 0 || [...book.requests].some(isQueued)
  if (isAsked && !book.historyOverflowed) {
    for (const capture of book.history) {
      if (capture === null) continue
      const site = siteOf(capture.frame())
      counts.set(site, (counts.get(site) ?? 0) + 1)
      byCapture.set(capture, counts.get(site) ?? 1)
    }
  }
  return {
    of: (capture) => (capture === null ? null : (byCapture.get(capture) ?? null)),
    next(frame) {
      if (book.historyOverflowed) return null
      const site = siteOf(frame)
      counts.set(site, (counts.get(site) ?? 0) + 1)
      return counts.get(site) ?? null
    },
  }
}

/** Bytes that came and that the client leaves in its socket; null without a socket. undici takes them at once unless its parser is paused. */
function untakenBytes({ socket }: RequestEntry): number | null {
  return (socket?.socket as { readonly readableLength?: number } | undefined)?.readableLength ?? null
}

/**
 * The wrapper was destroyed, or nobody has it any more, and the body behind it was not: it stands still, and nobody can reach it. Who has made the
 * wrapper himself had the body in hand, and left it unread.
 */
function isLetGo(book: Book, { response, wrapper }: RequestEntry): boolean {
  if (response === null || wrapper === null || response.readableFlowing === true || book.eyes.wrapperOf(response) !== null) return false
  const { destroyed } = (wrapper.stream.deref() ?? {}) as { readonly destroyed?: boolean }
  return destroyed !== false && (wrapper.pipedBy?.frame() ?? null) === null
}

export function openRequest(book: Book, entry: RequestEntry, ordinal: number | null, lines: ReadonlySet<object>): OpenRequest {
  const body =
    entry.response !== null
      ? book.eyes.readableState(entry.response)
      : entry.client === 'node:http' || entry.client === 'node:http2'
        ? null
        : book.eyes.undiciBodyOf(entry.request, entry.asker)
  const phase = book.uploads.has(entry) ? 'answered' : entry.headersAtMs !== null ? 'headers' : entry.socket !== null ? 'sent' : 'queued'
  const pool = entry.socket?.pool ?? (entry.client === 'node:http' ? poolOfRequest(book, entry) : null)
  return {
    id: entry.id,
    client: entry.client,
    method: entry.method,
    origin: entry.origin,
    path: entry.path,
    phase,
    status: entry.status,
    createdAtMs: entry.createdAtMs,
    headersAtMs: entry.headersAtMs,
    bodyBytes: entry.bodyBytes,
    receivedBytes: entry.receivedBytes,
    reader: body?.reader ?? null,
    bound: null,
    givenUpMs: isGivenUpInQueue(book, entry) ? sinceGivenUp(book, entry.request) : null,
    isStream: entry.isStream,
    branches:
      entry.branches !== null ? branchStates(entry.branches) : entry.response !== null ? book.eyes.branchesOf(entry.response) : null,
    branchedAt: entry.branches?.at.frame() ?? null,
    isLetGo: isLetGo(book, entry),
    isInLine: lines.has(entry.request),
    waitsInPool: false,
    // A body we cannot see (undici's own global dispatcher) is stopped all the same by not taking more from its socket.
    bufferedBytes: body?.bufferedBytes ?? (entry.client === 'node:http' ? null : untakenBytes(entry)),
    socketBytesRead: entry.socket?.socket.bytesRead ?? null,
    socketBytesWritten: entry.socket?.socket.bytesWritten ?? null,
    servedFor: entry.servedFor === null ? null : { ...entry.servedFor },
    iteration: entry.iteration,
    socketId: entry.socket?.id ?? null,
    poolId: pool?.id ?? null,
    openedAt: entry.capture?.frame() ?? null,
    openedBy: entry.capture?.dependency?.() ?? null,
    ordinalAtSite: ordinal,
  }
}

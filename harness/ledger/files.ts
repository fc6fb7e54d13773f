/**
 * Who opened a file: the methods of node:fs that give out a descriptor, and those that take it back. No channel and no hook tells of them.
 * What is opened by native code, or through a reference that was taken before the work began, goes by here unseen: the kernel has it, without a line.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import type { Book } from './book.ts'
import { isOfWork } from './descent.ts'
import { noteExhaustion } from './exhaustion.ts'
import { type FileEntry, identityOf } from './file-book.ts'
import { replaceMethod } from './replace-method.ts'
import { type Capture, captureStack } from './stacks.ts'
import { guarded } from './subscriptions.ts'

/** A stream opens its file a tick after it was made, when the user's frame has gone: its own line comes along this way. */
const making = new AsyncLocalStorage<Capture>()

/** What garbage collection says of a FileHandle that nobody closed (node src/node_file.cc); there is no other sign of it. */
const COLLECTED = /^Closing file descriptor (\d+) on garbage collection$/

/** Of files that garbage collection closed so many are remembered; more of the same teach nothing. */
const MAX_COLLECTED = 1_000

type Handle = { readonly fd: number }
type Callback = (error: unknown, descriptor?: unknown) => unknown

/** One listener for all ledgers that watch at the same time: Node warns where more than ten listen to one event. */
const listening = new Set<(warning: Error) => void>()
const tellAll = (warning: Error): void => {
  for (const listener of listening) listener(warning)
}
function listenForWarnings(listener: (warning: Error) => void): void {
  if (listening.size === 0) process.on('warning', tellAll)
  listening.add(listener)
}
function stopListening(listener: (warning: Error) => void): void {
  listening.delete(listener)
  if (listening.size === 0) process.off('warning', tellAll)
}

/** Wraps them, and shows the wrappers to ESM importers too; the returned function undoes both. */
export function wrapFileMethods(book: Book): () => void {
  const { files } = book

  const opened = guarded(book, 'fs.open', (descriptor: number, path: unknown, capture: Capture, handle: Handle | null) => {
    const identity = identityOf(descriptor)
    if (identity === null) return
    const entry: FileEntry = {
      id: book.nextId++,
      descriptor,
      path: String(path),
      identity,
      handle: handle === null ? null : new WeakRef(handle),
      capture,
      openedAtMs: performance.now(),
      iteration: book.iteration,
    }
    files.opened.set(descriptor, entry)
  })
  const failed = guarded(book, 'fs.open', (error: unknown, capture: Capture | null) => noteExhaustion(book, error, capture))
  function attempt<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      failed(error, null)
      throw error
    }
  }
  const closed = (descriptor: unknown): void => void files.opened.delete(descriptor as number)
  const isNoted = (): boolean => files.isWatched && isOfWork(book)

  function collected({ message }: Error): void {
    const descriptor = Number(COLLECTED.exec(message)?.[1] ?? Number.NaN)
    const entry = files.opened.get(descriptor)
    if (entry === undefined || entry.handle === null || entry.handle.deref() !== undefined) return
    files.opened.delete(descriptor)
    if (files.collected.length < MAX_COLLECTED) files.collected.push(entry)
  }

  function open(original: Callback, self: unknown, args: unknown[]): unknown {
    const callback = args.at(-1)
    if (!isNoted() || typeof callback !== 'function') return Reflect.apply(original, self, args)
    const capture = ownOrMaker(captureStack(open))
    function answered(this: unknown, ...answer: unknown[]): unknown {
      const [error, descriptor] = answer
      if (error) failed(error, capture)
      if (typeof descriptor === 'number') opened(descriptor, args[0], capture, null)
      return Reflect.apply(callback as Callback, this, answer)
    }
    return Reflect.apply(original, self, [...args.slice(0, -1), answered])
  }
  function openSync(original: Callback, self: unknown, args: unknown[]): unknown {
    const descriptor = attempt(() => Reflect.apply(original, self, args))
    if (isNoted() && typeof descriptor === 'number') opened(descriptor, args[0], ownOrMaker(captureStack(openSync)), null)
    return descriptor
  }
  function openHandle(original: Callback, self: unknown, args: unknown[]): unknown {
    const promise = Reflect.apply(original, self, args) as Promise<Handle>
    if (!isNoted()) return promise
    const capture = ownOrMaker(captureStack(openHandle))
    // A promise made of theirs, so that a rejection nobody handles is still one.
    return promise.then(
      (handle) => {
        opened(handle.fd, args[0], capture, handle)
        return handle
      },
      (error: unknown) => {
        failed(error, capture)
        throw error
      },
    )
  }
  function makeStream(original: Callback, self: unknown, args: unknown[]): unknown {
    if (!isNoted()) return Reflect.apply(original, self, args)
    return making.run(captureStack(makeStream), () => Reflect.apply(original, self, args))
  }
  function close(original: Callback, self: unknown, args: unknown[]): unknown {
    const result = Reflect.apply(original, self, args)
    closed(args[0])
    return result
  }

  const restorers = [
    replaceMethod(fs, 'open', open),
    replaceMethod(fs, 'openSync', openSync),
    replaceMethod(fs.promises, 'open', openHandle),
    replaceMethod(fs, 'createReadStream', makeStream),
    replaceMethod(fs, 'createWriteStream', makeStream),
    replaceMethod(fs, 'close', close),
    replaceMethod(fs, 'closeSync', close),
  ]
  // Node keeps the listeners of its own warnings apart: whatever it prints, it prints as before.
  listenForWarnings(collected)
  files.isWatched = true
  syncBuiltinESMExports()
  return () => {
    files.isWatched = false
    stopListening(collected)
    for (const restore of restorers) restore()
    syncBuiltinESMExports()
  }
}

/** Who called, or, where no frame of the user's is left, who made the stream. */
function ownOrMaker(own: Capture): Capture {
  const maker = making.getStore()
  return maker === undefined ? own : { frame: () => own.frame() ?? maker.frame() }
}

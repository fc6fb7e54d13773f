/**
 * What `forbidGcRescue` holds: the Responses of fetch. fetch cancels the body of a Response that garbage collection takes, through a
 * FinalizationRegistry of its own; a Response that is held is not taken, so its unread body stays open and is found.
 */
import * as stream from 'node:stream'
import { replaceMethod } from './replace-method.ts'

/** Node's own, which takes web streams as well; its types know neither. */
const { isDisturbed } = stream as unknown as { isDisturbed(stream: object): boolean }

/** What the registry is told of a Response: its body's stream, weakly. */
const bodyOf = (held: unknown): ReadableStream | null => {
  const stream: unknown = held instanceof WeakRef ? held.deref() : null
  return stream instanceof ReadableStream ? stream : null
}

/** Responses held before those whose body somebody reads are let go of; amortised: the next sweep comes when they have doubled. */
const SWEEP_AT = 256

/** Holds every Response made from now on, until the returned function is called. One method is replaced meanwhile, forwarding as it is. */
export function holdResponses(): () => void {
  const held = new Map<unknown, WeakRef<ReadableStream>>()
  let sweepAt = SWEEP_AT
  let isOver = false
  const restore = replaceMethod(FinalizationRegistry.prototype as FinalizationRegistry<unknown>, 'register', (original, self, args) => {
    const stream = bodyOf(args[1])
    // A call within another may end first, and then leave ours in place.
    if (stream !== null && !isOver) {
      if (held.size >= sweepAt) {
        sweep(held)
        sweepAt = Math.max(SWEEP_AT, held.size * 2)
      }
      held.set(args[0], new WeakRef(stream))
    }
    return Reflect.apply(original, self, args)
  })
  return () => {
    isOver = true
    restore()
    held.clear()
  }
}

/** fetch leaves alone what somebody has begun to read. */
function sweep(held: Map<unknown, WeakRef<ReadableStream>>): void {
  for (const [response, body] of held) {
    const target = body.deref()
    if (target === undefined || isDisturbed(target)) held.delete(response)
  }
}

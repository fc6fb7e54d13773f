/**
 * Whose body a stream of fetch is. No channel hands out a Response; but fetch registers each, with its stream, with a FinalizationRegistry of its own, in the
 * ticks after its headers came and within the async context in which it asked. The stream keeps a number only: it may outlive its request by far.
 */
import type { Book, RequestEntry } from './book.ts'

/** On a body's stream: the id of its request. */
const BODY_SLOT = Symbol('watertight body')
type Body = ReadableStream & { [BODY_SLOT]?: number }

/** On a branch of a split stream: it is nobody's body, though clone() registers it like one. Ids begin far above. */
const BRANCH = 0

/** Answered fetches without a Response at one time that are remembered; it follows at once, or never (an answer without a body, a redirect). */
const MAX_ANSWERED = 256

/** The headers of a fetch came: its Response is made next. */
export function noteAnswered(book: Book, entry: RequestEntry): void {
  if (book.level !== 'full' || book.iteration < 0) return
  const { answered } = book
  while (answered.at(-1)?.isListed === false) answered.pop()
  answered.push(entry)
  if (answered.length > MAX_ANSWERED) answered.shift()
}

/**
 * Somebody registers an object with a FinalizationRegistry; is it a Response of fetch?
 * @param fetchId the request that was made last in this async context.
 */
export function noteRegistered(book: Book, target: unknown, held: unknown, fetchId: number | undefined): void {
  if (book.answered.length === 0 || !(held instanceof WeakRef)) return
  const stream: unknown = held.deref()
  if (!(stream instanceof ReadableStream)) return
  const body: Body = stream
  // Another ledger of this process may have told already.
  const id = body[BODY_SLOT] ?? answeredAs(book, target, fetchId)?.id
  if (id === undefined || id === BRANCH) return
  body[BODY_SLOT] = id
  const at = book.answered.findIndex((entry) => entry.id === id)
  if (at >= 0) book.answered.splice(at, 1)
}

/** A redirect was asked for by undici, and one that waited in a Pool was dispatched elsewhere: of such the address must tell, where it fits one alone. */
function answeredAs({ answered }: Book, response: unknown, fetchId: number | undefined): RequestEntry | undefined {
  const open = answered.filter(({ isListed }) => isListed)
  const own = open.find(({ id }) => id === fetchId)
  if (own !== undefined || open.length === 0) return own
  const address = addressOf(response)
  const fitting = open.filter(({ origin, path }) => `${origin}${path}` === address)
  return fitting.length === 1 ? fitting[0] : undefined
}

/** Without its query. Nothing is read of objects that are no Response: a getter of somebody else's may do anything. */
function addressOf(response: unknown): string | null {
  if (Object.prototype.toString.call(response) !== '[object Response]') return null
  const url = URL.parse((response as Response).url)
  return url === null ? null : `${url.origin}${url.pathname}`
}

/** The open request whose body this stream is; undefined: it is no body of fetch, or that cannot be told. */
export function requestOfBody(book: Book, stream: Body): RequestEntry | undefined {
  const id = stream[BODY_SLOT]
  if (id === undefined || id === BRANCH) return undefined
  for (const entry of book.requests) if (entry.id === id) return entry
  return undefined
}

export function markBranches(branches: readonly Body[]): void {
  for (const branch of branches) branch[BODY_SLOT] = BRANCH
}

import { createRequire } from 'node:module'

/** The calls of the C library a netlink dump needs. Synchronous; -1 means failed, then `errno()`. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  send(descriptor: number, message: Uint8Array, length: number, flags: number): number
  recv(descriptor: number, buffer: Uint8Array, length: number, flags: number): number
  close(descriptor: number): number
  /** Moves the calling thread into the namespace behind a descriptor. */
  setns(descriptor: number, type: number): number
  errno(): number
}

/** The part of koffi we use: it is an optional dependency, so its own types may be absent. */
interface Koffi {
  load(path: string | null): { func(definition: string): (...values: readonly unknown[]) => unknown }
  errno(): number
}

/** null is the process itself, whose C library is already there, glibc or musl; the names are for a Node that was linked statically. */
const LIBRARIES = [null, 'libc.so.6', 'libc.so']

let loaded: Libc | { readonly missing: string } | undefined

/** The C library through koffi, loaded at the first call (10 to 44 ms) and kept; or why not. */
export function loadLibc(): Libc | { readonly missing: string } {
  loaded ??= bind()
  return loaded
}

function bind(): Libc | { readonly missing: string } {
  const attempts: string[] = []
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi
    for (const library of LIBRARIES) {
      try {
        return bindFrom(koffi, library)
      } catch (error) {
        attempts.push(`${library ?? 'own process'}: ${messageOf(error)}`)
      }
    }
  } catch (error) {
    attempts.push(messageOf(error))
  }
  return { missing: `the optional dependency koffi does not work here (${attempts.join('; ')})` }
}

/** `long` stands for ssize_t, which koffi does not know: the same size on every Linux. */
function bindFrom(koffi: Koffi, library: string | null): Libc {
  const libc = koffi.load(library)
  const bound = <T>(definition: string): T => libc.func(definition) as T
  return {
    socket: bound('int socket(int domain, int type, int protocol)'),
    send: bound('long send(int fd, const void *message, size_t length, int flags)'),
    recv: bound('long recv(int fd, void *buffer, size_t length, int flags)'),
    close: bound('int close(int fd)'),
    setns: bound('int setns(int fd, int nstype)'),
    errno: () => koffi.errno(),
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error)
}

/** Who called whom, told by the ports of both ends: a process of ours that calls another of ours is nobody from outside. */
import type { Book } from './book.ts'

/** Ports remembered: whoever has more connections within a look has callers enough. */
const MOST_PORTS = 512

/** The newest at the end; beyond the most the oldest goes. */
export function rememberPort(ports: number[], port: number | undefined): void {
  if (port === undefined) return
  ports.push(port)
  if (ports.length > MOST_PORTS) ports.shift()
}

/** Local ports of connections that this process opened: those that are there, and the last that were answered on. */
export const dialledPorts = (book: Book): readonly number[] => [
  ...book.dialled,
  ...[...book.sockets].flatMap(({ role, socket }) => (role === 'outbound' ? (socket.localPort ?? []) : [])),
]

import { SocketAddress } from 'node:net'

/** Cached: a pool has hundreds of sockets and two addresses, and inet_ntop through SocketAddress costs microseconds. */
const TEXTS = new Map<string, string>()
/** Beyond this the cache starts afresh: a server seen by the whole internet must not make its probe grow. */
const MAX_TEXTS = 4096

/** Textual IPv4 of four bytes in network order. */
export function ipv4Text(bytes: Uint8Array): string {
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`
}

/** Textual IPv6 of sixteen bytes in network order, as Node's `socket.remoteAddress` writes it, but `::ffff:a.b.c.d` as `a.b.c.d`. */
export function ipv6Text(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex')
  const known = TEXTS.get(hex)
  if (known !== undefined) return known
  const text = hex.startsWith('00000000000000000000ffff')
    ? ipv4Text(bytes.subarray(12, 16))
    : new SocketAddress({ family: 'ipv6', address: (hex.match(/.{4}/g) ?? []).join(':') }).address
  if (TEXTS.size >= MAX_TEXTS) TEXTS.clear()
  TEXTS.set(hex, text)
  return text
}

/** Names for the servers a process talks to, bounded: a label that takes any value makes a series of each. */

export interface Server {
  readonly address: string
  readonly port: string
}

/** Servers that get a name of their own; a service asks few, a crawler asks thousands. */
const MAX_SERVERS = 64

/** What all the others are called together. */
export const OTHER = 'other'

/** OpenTelemetry's server.address and server.port, as Prometheus spells labels. */
export const serverLabels = ({ address, port }: Server): Record<string, string> => ({ server_address: address, server_port: port })

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/** Without what a URL may carry beside host and port: credentials, for one. */
function parse(origin: string): Server | null {
  const url = URL.canParse(origin) ? new URL(origin) : null
  if (url === null || url.hostname === '') return null
  return { address: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? '') : url.port }
}

/** Names origins in the order they come; those after the bound, and what is none, are `other`. */
export function boundedServers(max = MAX_SERVERS): (origin: string | null) => Server {
  const named = new Map<string, Server>()
  return (origin) => {
    const server = origin === null ? null : (named.get(origin) ?? parse(origin))
    if (origin === null || server === null) return { address: OTHER, port: '' }
    if (named.has(origin)) return server
    if (named.size >= max) return { address: OTHER, port: '' }
    named.set(origin, server)
    return server
  }
}

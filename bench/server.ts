/** A server in a process of its own, so that a client under measurement holds and pays for its own end only. Sends its origin when it listens. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Small on purpose: the fewer microseconds a request costs, the more a tool's own weigh; and node:http leaks bodies of any size. */
const BODY = Buffer.alloc(1_000, 'x')

process.on('disconnect', () => process.exit(0))
const server = createServer({ keepAliveTimeout: 600_000 }, (_request, response) => response.end(BODY))
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
  process.send?.({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})

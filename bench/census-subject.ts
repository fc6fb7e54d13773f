/** Opens as many idle connections as it is told, and keeps them. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const [origin = '', count = '0'] = process.argv.slice(2)
const { hostname, port } = new URL(origin)
const AT_ONCE = 200

process.on('disconnect', () => process.exit(0))
const open: Socket[] = []
while (open.length < Number(count)) {
  const sockets = Array.from({ length: Math.min(AT_ONCE, Number(count) - open.length) }, () => connect(Number(port), hostname))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  open.push(...sockets)
}
process.send?.({ connected: open.length })

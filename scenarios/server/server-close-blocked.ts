/** A server that was told to close stays as long as its peers like: three ways in which close() never comes, and what lets go. */
import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { FindingCode, Work } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { createServer, type RequestListener, type Server } from '../node-http.ts'

const CONNECTIONS = 3
/** Above the 60 s of a load balancer, as its vendor tells you to. */
const KEEP_ALIVE_MS = 65_000
/** How long whoever shuts down waits before it gives up, or lets go of what is still connected. */
const GRACE_MS = 200

/**
 * Somebody else's process, which keeps the connections it has. It is not ours to end, so it holds nobody here; it ends when its stdin does.
 * Its peer's port and the bytes to send first are its arguments.
 */
const PEER = `
  const [port, count, hello] = process.argv.slice(1)
  const open = () => new Promise((resolve) => {
    const socket = require('node:net').connect(Number(port), '127.0.0.1', () => socket.write(hello, () => resolve()))
    socket.resume().on('error', () => {})
  })
  Promise.all(Array.from({ length: Number(count) }, open)).then(() => process.stdout.write('connected'))
  process.stdin.resume().on('end', () => process.exit())
`

const REQUEST = 'GET /slow HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'

async function connectPeer(server: Server, hello: string): Promise<ChildProcess> {
  const { port } = server.address() as AddressInfo
  const peer = spawn(process.execPath, ['-e', PEER, String(port), String(CONNECTIONS), hello], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(peer.stdout, 'data')
  peer.unref()
  for (const pipe of [peer.stdin, peer.stdout]) (pipe as unknown as Socket).unref()
  return peer
}

/** What keeps the connections: how they are used, and what happens to them once close() was asked for. */
interface Manner {
  readonly hello: string
  /** Told of each request; answers when `closing` says so, or never. */
  readonly handle: (closing: EventEmitter) => RequestListener
}

const MANNERS = {
  // In flight when close() is asked for, so it is spared; answered a moment later, it is idle, and nobody asks again.
  'keep-alive': { hello: REQUEST, handle: (closing) => (_request, response) => void closing.once('asked', () => response.end('done')) },
  // Browsers open connections they may need. One that never carried a request is not idle to Node, so it is spared as well; from Node 26 on it is closed.
  preconnect: { hello: '', handle: () => (_request, response) => void response.end() },
  'stuck handler': { hello: REQUEST, handle: () => () => {} },
} as const satisfies Record<string, Manner>

async function serveAndClose(
  { hello, handle }: Manner,
  afterGrace: (server: Server, closed: Promise<unknown>) => Promise<void>,
): Promise<void> {
  const closing = new EventEmitter().setMaxListeners(CONNECTIONS)
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, handle(closing))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const arrived = arrivals(server, hello === '' ? 'connection' : 'request')
  const peer = await connectPeer(server, hello)
  await arrived

  const closed = once(server, 'close')
  server.close()
  closing.emit('asked')
  await wait(GRACE_MS)
  await afterGrace(server, closed)
  if (peer.exitCode !== null) throw new Error('the peer has gone, so nothing was held')
}

/** Resolves when all the connections, or their requests, are here. */
function arrivals(server: Server, event: 'connection' | 'request'): Promise<void> {
  let count = 0
  return new Promise((resolve) => {
    server.on(event, () => {
      count += 1
      if (count === CONNECTIONS) resolve()
    })
  })
}

const hopes = (manner: Manner): Work =>
  function closesAndHopes() {
    return serveAndClose(manner, async () => {})
  }

const letsGo = (manner: Manner): Work =>
  function closesInTime() {
    return serveAndClose(manner, async (server, closed) => {
      server.closeAllConnections()
      await closed
    })
  }

/** Does close() wait for a connection that never carried a request? */
const isSparedByClose = Number(process.versions.node.split('.', 1)[0]) < 26

const both = (manner: Manner, ...causes: readonly FindingCode[]) =>
  ({
    leaky: { work: hopes(manner), expects: { verdict: 'leaked', codes: [...causes, 'SERVER_CLOSE_BLOCKED'] } },
    fixed: { work: letsGo(manner), expects: { verdict: 'clean' } },
  }) as const

export default defineScenario({
  name: 'server-close-blocked',
  layer: 'server',
  client: 'own',
  shows: 'close() of an HTTP server never comes while a peer keeps its connections: idle after close(), never used, or never answered',
  cases: {
    'keep-alive': both(MANNERS['keep-alive']),
    // Measured: close() took 3 s on 22.19 and 24.21, until the peer went, and none on 26.10.
    preconnect: isSparedByClose ? both(MANNERS.preconnect) : { fixed: both(MANNERS.preconnect).fixed },
    'stuck handler': both(MANNERS['stuck handler'], 'RESPONSE_NEVER_ENDED'),
  },
})

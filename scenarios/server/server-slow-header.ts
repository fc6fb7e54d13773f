/**
 * Clients that send half a header and stop (slowloris). The service has a headersTimeout of a second, and Node looks at it every 30 s (connectionsCheckingInterval):
 * until then they stay. With an interval that fits they are told 408 when their time is up.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Service, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { createServer } from '../node-http.ts'

const SLOW_CLIENTS = 3
const HEADERS_MS = 1_000
/** Looked at so often that they are gone by the contract. */
const FITTING_MS = 250
const CONTRACT_MS = 4_000
/** Ordinary clients, who are answered all the while. */
const LOAD = { path: '/', connections: 2, amount: 10 }

/** Somebody else's process, there before anything is counted: told to begin, it opens its connections, and says how each of them ended. */
const PEER = `
  const [port, count] = process.argv.slice(1)
  process.stdin.on('data', () => {
    for (let n = 0; n < Number(count); n += 1) {
      const beganMs = performance.now()
      let answer = ''
      require('node:net').connect(Number(port), '127.0.0.1', function () { this.write('GET / HTTP/1.1\\r\\nhost: 127.0.0.1\\r\\nx-half: ') })
        .on('data', (chunk) => { answer += chunk })
        .on('close', () => console.log(answer.slice(9, 12) + ' ' + Math.round(performance.now() - beganMs)))
        .on('error', () => {})
    }
  }).on('end', () => process.exit())
`

function startPeer(port: number, onEnd: (status: string, afterMs: number) => void): ChildProcess {
  const peer = spawn(process.execPath, ['-e', PEER, String(port), String(SLOW_CLIENTS)], { stdio: ['pipe', 'pipe', 'inherit'] })
  createInterface({ input: peer.stdout }).on('line', (line) => {
    const [status = '', ms = ''] = line.split(' ')
    onEnd(status, Number(ms))
  })
  peer.unref()
  for (const pipe of [peer.stdin, peer.stdout]) (pipe as unknown as Socket).unref()
  return peer
}

/** The slow ones come with the first of the others. */
const serve = (connectionsCheckingInterval?: number) =>
  async function servesWithATimeout({ measured }: WorkContext): Promise<Service> {
    const options = { headersTimeout: HEADERS_MS, ...(connectionsCheckingInterval === undefined ? {} : { connectionsCheckingInterval }) }
    const server = createServer(options, (_request, response) => void response.end('here you are'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const peer = startPeer(port, (status, afterMs) => measured(`half a header was answered ${status} after ${afterMs} ms`))
    server.once('request', () => peer.stdin?.write('begin\n'))
    return {
      origin: `http://127.0.0.1:${port}`,
      async close() {
        peer.stdin?.end()
        server.close()
        server.closeAllConnections()
      },
    }
  }

export default defineScenario({
  name: 'server-slow-header',
  layer: 'server',
  client: 'raw net',
  shows: 'half a header holds its connection beyond a headersTimeout of 1 s: Node looks at it every 30 s',
  idleTimeoutMs: CONTRACT_MS,
  leaky: { serve: serve(), load: LOAD, expects: { verdict: 'misconfigured', codes: ['TIMEOUT_INEFFECTIVE'] } },
  fixed: { serve: serve(FITTING_MS), load: LOAD, expects: { verdict: 'clean' } },
})

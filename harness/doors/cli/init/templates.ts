/** What `init` writes: programs that work as they are, for people who will change them. */

export const SCENARIO_NAME = 'my-service'

export const CONFIG_TEXT = `import { defineConfig } from 'watertight'

// What \`watertight run\` and \`watertight exec\` take for granted in this folder; the command line wins over it.
// Every field: node_modules/watertight/docs/guides/config.md
export default defineConfig({
  // Your scenarios: files, folders or globs beside this file. \`watertight run\` is then about these.
  scenarios: 'scenarios',

  // The contract: so long after the work has ended, everything is back where it was before.
  idleTimeoutMs: 6_000,

  // What may stay, with the reason for whoever asks next year.
  allow: [
    // { origin: 'http://127.0.0.1:9464', because: 'the metrics exporter lives as long as the process' },
    // { code: 'TIMER_LEFT', openedAt: 'src/heartbeat.ts', because: 'the heartbeat ends with the process' },
  ],

  // How many may stay, while you work off what is there today: lower it with every leak you fix.
  // budget: { sockets: 2 },

  // Repeat the work, and discard the first rounds.
  // iterations: 3,
  // warmUp: 1,

  // Backends a run is worthless without (exit code 2), the reports to write, and where.
  // require: ['minio'],
  // reporters: ['text', 'json', 'html', 'junit'], // or 'openmetrics', 'markdown', 'github'
  // output: 'reports/out',
})
`

export const SCENARIO_TEXT = `// A service under load must be back where it was when the load is over: npx watertight run ${SCENARIO_NAME}
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { defineScenario } from 'watertight'

// Stands in for what your service calls: a storage, another service.
const upstream = createServer((_request, response) => response.end(Buffer.alloc(1_000_000)))

// Its connections are kept for the next request, and closed after a second without one: well within the contract.
const agent = new Agent({ keepAlive: true, timeout: 1_000 })

// Stands in for your service; put yours here: import { createApp } from '../src/app.ts'
const service = createServer(async (_request, response) => {
  const [answer] = (await once(get(originOf(upstream), { agent }), 'response')) as [IncomingMessage]

  // This reads the body to its end. Without these two lines every request keeps a connection for ever:
  // delete them, run again, and see UNREAD_BODY with the line above.
  let sizeBytes = 0
  for await (const chunk of answer) sizeBytes += (chunk as Buffer).length

  response.end('the photo was found\\n')
})

export default defineScenario({
  name: '${SCENARIO_NAME}',
  layer: 'server',
  client: 'node:http',
  shows: 'my service closes what it opens',
  fixed: {
    // Runs in a process of its own, and still listens when it is judged.
    serve: async () => {
      await listen(upstream)
      await listen(service)
      return {
        origin: originOf(service),
        close: async () => {
          await close(service)
          await close(upstream)
          agent.destroy()
        },
      }
    },
    load: { path: '/', connections: 10, amount: 200 },
    expects: { verdict: 'clean' },
  },
})

const originOf = (server: Server): string => \`http://127.0.0.1:\${(server.address() as AddressInfo).port}\`

async function listen(server: Server): Promise<void> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
}

async function close(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}
`

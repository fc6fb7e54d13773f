/** Beside the ledger's other tests that need probes: what its own servers owe stands on the page. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, get, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { placeOfFunction } from '../ledger/function-place.ts'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import type { OpenResponse } from '../model/ledger-page.ts'
import { clientEyes } from '../probes/pools.ts'

const server = createServer()
let ledger: Ledger

beforeEach(async () => {
  ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
  ledger.endWork()
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterEach(async () => {
  ledger.stop()
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
})

async function asked(path: string) {
  const { port } = server.address() as AddressInfo
  const client = get({ host: '127.0.0.1', port, path, agent: false }).on('error', () => {})
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
  return { client, response }
}
const owed = (): readonly OpenResponse[] => ledger.page().responses

test('a response is owed until it is ended, by its route and without its query', async () => {
  const { client, response } = await asked('/albums/1?token=hunter2')
  const { port } = server.address() as AddressInfo
  expect(owed()).toMatchObject([
    {
      method: 'GET',
      path: '/albums/1',
      status: null,
      origin: `http://127.0.0.1:${port}`,
      localPort: port,
      isOwnServer: true,
      iteration: 0,
    },
  ])
  response.end('here')
  expect(owed()).toEqual([])
  await once(client, 'close')
})

test('where the headers were written is known, also when write() wrote them', async () => {
  const { response } = await asked('/half')
  response.write('half')
  expect(owed()).toMatchObject([{ status: 200, lastTouchedAt: { file: import.meta.filename } }])
})

test('a caller that leaves takes its response along', async () => {
  const { client, response } = await asked('/never')
  client.destroy()
  await once(response, 'close')
  expect(ledger.page()).toMatchObject({ responses: [], served: { requests: 1, inFlight: 0 } })
})

test('a response that its caller does not read is the caller’s turn', async () => {
  const { client, response } = await asked('/big')
  const [arrived] = await Promise.all([once(client, 'response'), void response.write(Buffer.alloc(20_000_000))])
  expect(arrived).toHaveLength(1)
  expect(owed()).toMatchObject([{ waitsForPeer: true }])
  client.destroy()
})

test('events are told by their content type, however it was set', async () => {
  const { response } = await asked('/events')
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' }).write('data: 1\n\n')
  expect(owed()).toMatchObject([{ isEventStream: true }])
})

test('what was begun before the work is older than it', async () => {
  await asked('/older')
  ledger.startAfresh('full')
  ledger.beginWork(0)
  expect(owed()).toMatchObject([{ iteration: -1, isOwnServer: false }])
})

test('the place of a function is told where stacks are left alone, and not guessed where a runner rewrites them', async () => {
  expect(placeOfFunction(() => {})).toBe(null)
  const program = `import { placeOfFunction } from ${JSON.stringify(new URL('../ledger/function-place.ts', import.meta.url).href)}
function handler() {}
console.log(JSON.stringify([placeOfFunction(handler), placeOfFunction(handler.bind(null)), placeOfFunction(Array.prototype.map)]))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  expect(JSON.parse(stdout)).toMatchObject([{ line: 2, function: 'handler' }, null, null])
})

/** Beside the ledger's other tests that need probes: whose doing it is that a body's wrapper is gone and the body is not. */
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

const server = createServer((_request, response) => void response.end(Buffer.alloc(900_000)))
let origin = ''
let ledger: Ledger
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())
beforeEach(() => {
  ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
})
afterEach(() => ledger.stop())

/** Code without a file of the user's, as a dependency's. */
const byDependency = new Function('body', 'wrapper', 'return body.pipe(wrapper)') as (body: IncomingMessage, to: PassThrough) => PassThrough
const byUser = (body: IncomingMessage, wrapper: PassThrough): PassThrough => body.pipe(wrapper)

/** Is the body said to have been let go of in vain? */
async function isLetGoAfter(use: (body: IncomingMessage) => Promise<void>): Promise<boolean | undefined> {
  const agent = new Agent()
  const body = await new Promise<IncomingMessage>((resolve, reject) => get(origin, { agent }, resolve).on('error', reject))
  await use(body)
  const [request] = ledger.page().requests
  body.destroy()
  agent.destroy()
  return request?.isLetGo
}
const leave = async (wrapper: PassThrough): Promise<void> => {
  const unpiped = once(wrapper, 'unpipe')
  for await (const _ of wrapper) break
  await unpiped
}

test('a wrapper that a dependency put around a body and that is left early has let go of it in vain', async () => {
  expect(await isLetGoAfter((body) => leave(byDependency(body, new PassThrough())))).toBe(true)
})

test('a pipe that the user made himself has not: he has the body in hand', async () => {
  expect(await isLetGoAfter((body) => leave(byUser(body, new PassThrough())))).toBe(false)
})

test('who listens for the data of a body that a dependency has piped did not pipe it', async () => {
  const use = async (body: IncomingMessage): Promise<void> => {
    const wrapper = byDependency(body, new PassThrough())
    body.on('data', () => {})
    await leave(wrapper)
  }
  expect(await isLetGoAfter(use)).toBe(true)
})

test('of two pipes, one after the other, the last one counts', async () => {
  const use = async (body: IncomingMessage): Promise<void> => {
    const first = byDependency(body, new PassThrough())
    body.unpipe(first)
    first.destroy()
    await leave(byUser(body, new PassThrough()))
  }
  expect(await isLetGoAfter(use)).toBe(false)
})

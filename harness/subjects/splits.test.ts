/** Beside the ledger's other tests that need probes: whose body it is that is split, for built-in fetch and that of the package. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as undici from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

/** Of its own: behind the global one, which built-in fetch has made, its requests cannot be told from those of undici's API. */
const agent = new undici.Agent()
const FETCHES: Readonly<Record<string, (url: string) => Promise<Response>>> = {
  'built-in fetch': fetch,
  'the fetch of undici': (url) => undici.fetch(url, { dispatcher: agent }) as unknown as Promise<Response>,
}

const body = Buffer.alloc(700_000)
const server = createServer(({ url = '' }, response) => {
  const to = /^\/to(\/.*)$/.exec(url)?.[1]
  if (to === undefined) response.end(body)
  else response.writeHead(302, { location: to }).end()
})
let origin = ''
let ledger: Ledger
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await agent.close()
  server.close()
})
beforeEach(() => {
  ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
})
afterEach(() => ledger.stop())

type Stream = ReadableStream<Uint8Array>
const streamOf = (response: Response): Stream => response.body as Stream
/** Node 26 splits for clone() where nobody sees it, so these call what clone() calls. */
const letGo = (...streams: readonly Stream[]): Promise<unknown> => Promise.all(streams.map((stream) => stream.cancel()))
/** Of each open request its path, and what is known of its branches. */
const splits = (): object =>
  Object.fromEntries(ledger.page().requests.map(({ path, branches, branchedAt }) => [path, branches && { branches, at: branchedAt?.file }]))
const split = { branches: ['unread', 'unread'], at: import.meta.filename }

describe.each(Object.entries(FETCHES))('%s', (_name, ask) => {
  test('a stream of the program’s own that is split is no body of a fetch', async () => {
    const response = await ask(`${origin}/one`)
    const [own] = new Blob(['hello']).stream().tee()
    new Response('hello').clone()
    new Request(origin, { method: 'POST', body: 'hello' }).clone()
    expect(await new Response(own).text()).toBe('hello')
    expect(splits()).toEqual({ '/one': null })
    await letGo(streamOf(response))
  })

  test('of two open fetches it is the one whose body was split, not the one that came last', async () => {
    const [one, two] = [await ask(`${origin}/one`), await ask(`${origin}/two`)]
    const branches = streamOf(one).tee()
    expect(splits()).toEqual({ '/one': split, '/two': null })
    await letGo(...branches, streamOf(two))
  })

  test('so it is of many to one address, and of one that was asked for in the middle of it', async () => {
    const responses = await Promise.all(Array.from({ length: 8 }, (_, index) => ask(`${origin}/all?n=${index}`)))
    const branches = responses.filter((_, index) => index % 2 === 0).flatMap((response) => streamOf(response).tee())
    expect(ledger.page().requests.filter((request) => request.branches !== null)).toHaveLength(4)
    const asked = ask(`${origin}/later`)
    const more = streamOf(responses[1] as Response).tee()
    expect(ledger.page().requests.filter((request) => request.branches !== null)).toHaveLength(5)
    const rest = responses.filter((_, index) => index % 2 === 1 && index > 1).map(streamOf)
    await letGo(...branches, ...more, ...rest, streamOf(await asked))
  })

  test('a body that came by a redirect is its last request’s', async () => {
    const other = await ask(`${origin}/other`)
    const response = await ask(`${origin}/to/to/one?q=1`)
    const branches = streamOf(response).tee()
    expect(splits()).toEqual({ '/other': null, '/one': split })
    await letGo(...branches, streamOf(other))
  })

  test('a branch that is split again is no body of another fetch', async () => {
    const [one, two] = [await ask(`${origin}/one`), await ask(`${origin}/two`)]
    const [first, second] = streamOf(one).tee()
    const more = second.tee()
    expect(splits()).toMatchObject({ '/one': { at: import.meta.filename }, '/two': null })
    await letGo(first, ...more, streamOf(two))
  })

  test('two ledgers that watch at the same time both know', async () => {
    const other = startLedger(clientEyes, 'full')
    other.beginWork(0)
    const [one, two] = [await ask(`${origin}/one`), await ask(`${origin}/two`)]
    const branches = streamOf(one).tee()
    expect(splits()).toEqual({ '/one': split, '/two': null })
    expect(other.page().requests.map((request) => [request.path, request.branches])).toEqual([
      ['/one', split.branches],
      ['/two', null],
    ])
    await letGo(...branches, streamOf(two))
    other.stop()
  })
})

test('a fetch that had to wait in a Pool is known by its address', async () => {
  const dispatcher = new undici.Pool(origin, { connections: 1 })
  const ask = (path: string): Promise<Response> => undici.fetch(`${origin}${path}`, { dispatcher }) as unknown as Promise<Response>
  const [one, two] = [ask('/one'), ask('/two')]
  await (await one).arrayBuffer()
  const branches = streamOf(await two).tee()
  expect(splits()).toEqual({ '/two': split })
  await letGo(...branches)
  await dispatcher.close()
})

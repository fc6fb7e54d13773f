/** One request that keeps the event loop to itself: a loop that nothing ends, a regular expression that backtracks for ever. Nobody inside can be asked any more. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Service, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { createServer } from '../node-http.ts'

/** The tenth request asks for what does not end; the others of the load wait behind it. */
const PATHS = [...Array.from({ length: 9 }, (_, number) => `/photos/${number}`), `/search?tag=${'a'.repeat(40)}!`]
const LOAD = { path: PATHS, connections: 4, amount: 80 }
/** It never comes back, so more patience shows nothing more; the load is there in milliseconds. */
const HANGS_MS = 2_500

type Search = (tag: string) => boolean | Promise<boolean>

/** Waits for a flag that only another turn of the event loop could set. */
function waitForIndex(): boolean {
  let isReady = false
  setTimeout(() => {
    isReady = true
  })
  while (!isReady);
  return true
}

async function awaitIndex(): Promise<boolean> {
  await nextTurn()
  return true
}

const isTagSlowly: Search = (tag) => /^(a+)+$/.test(tag)
const isTag: Search = (tag) => /^a+$/.test(tag)

async function serveSearch({ backend }: WorkContext, search: Search): Promise<Service> {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://gallery')
    if (pathname === '/search') return void response.end(String(await search(searchParams.get('tag') ?? '')))
    const photo = await fetch(`${backend.origin}/plain/1000`)
    response.end(Buffer.from(await photo.arrayBuffer()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const searches = (leaky: Search, fixed: Search) =>
  ({
    leaky: {
      serve: (context: WorkContext) => serveSearch(context, leaky),
      load: LOAD,
      workTimeoutMs: HANGS_MS,
      expects: { verdict: 'leaked', codes: ['WORK_HUNG'] },
    },
    fixed: { serve: (context: WorkContext) => serveSearch(context, fixed), load: LOAD, expects: { verdict: 'clean' } },
  }) as const

export default defineScenario({
  name: 'blocked-event-loop',
  layer: 'process',
  client: 'child',
  shows: 'a loop without an end and a regular expression that backtracks for ever, under load: the line that keeps the event loop is named',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'] }),
  cases: { loop: searches(waitForIndex, awaitIndex), regex: searches(isTagSlowly, isTag) },
})

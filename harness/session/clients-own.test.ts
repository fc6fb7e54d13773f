/** What a client keeps for a request of its own is told with that request, and not beside it. */
import { once } from 'node:events'
import { createServer, connect as h2Connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findLeaks } from './find-leaks.ts'

const silent = createServer()
silent.on('stream', () => {})
let origin = ''
beforeAll(async () => {
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
})
afterAll(() => void silent.close())

const left: ReturnType<typeof h2Connect>[] = []

test.each([
  ['was closed and waits for its stream', true, ['H2_STREAM_OPEN']],
  ['was never closed', false, ['H2_SESSION_OPEN', 'H2_STREAM_OPEN']],
])('an HTTP/2 session that %s', async (_, isClosed, expected) => {
  const { findings } = await findLeaks(
    async () => {
      const own = h2Connect(origin)
      await once(own, 'connect')
      own.request({ ':path': '/' }).on('error', () => {})
      await once(silent, 'stream')
      if (isClosed) own.close()
      left.push(own)
    },
    { idleTimeoutMs: 300 },
  )
  for (const each of left.splice(0)) each.destroy()
  expect(findings.map(({ code }) => code).toSorted()).toEqual(expected)
})

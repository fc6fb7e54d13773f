/** Two ledgers watch one stream of node:http2: what one has noted of it the other must not take away. */
import { once } from 'node:events'
import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

test('both see it open, and both see it end', async () => {
  const server = createServer((_request, response) => void response.end('x'.repeat(1_000)))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const ledgers = [startLedger(clientEyes, 'full'), startLedger(clientEyes, 'full')]
  for (const ledger of ledgers) ledger.beginWork(0)
  const openIn = () => ledgers.map((ledger) => ledger.page().requests.map(({ client, phase, status }) => ({ client, phase, status })))
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  try {
    const stream = session.request({ ':path': '/' })
    await once(stream, 'response')
    const one = [{ client: 'node:http2', phase: 'headers', status: 200 }]
    expect(openIn()).toEqual([one, one])
    const read = await stream.toArray()
    expect(Buffer.concat(read)).toHaveLength(1_000)
    if (!stream.closed) await once(stream, 'close')
    expect(openIn()).toEqual([[], []])
  } finally {
    session.close()
    server.close()
    for (const ledger of ledgers) ledger.stop()
    if (!session.destroyed) await once(session, 'close')
  }
})

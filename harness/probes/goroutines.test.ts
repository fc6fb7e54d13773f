import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { checkGoroutinesUrl, parseGoroutines, readGoroutines } from './goroutines.ts'

/** As Go 1.26 writes it, shortened. */
const PROFILE = `goroutine profile: total 54
25 @ 0x47 0x40 0x6a
#	0x6a	net/http.(*persistConn).readLoop+0x9a4	/net/http/transport.go:2398

25 @ 0x47 0x45 0x6b
#	0x6b	net/http.(*persistConn).writeLoop+0xe4	/net/http/transport.go:2698

1 @ 0x47 0x45 0x6c
#	0x6c	net/http.(*Transport).getConn+0x6a4	/net/http/transport.go:1520
#	0x6d	net/http.(*Transport).roundTrip+0x7e5	/net/http/transport.go:678

3 @ 0x47 0x40 0x41
#	0x41	main.main+0x1	/main.go:1
`

test('a pprof profile says how many goroutines there are, and what they do', () => {
  expect(parseGoroutines(PROFILE)).toEqual({ total: 54, ofConnections: 50, waiting: 1 })
})

test("metrics in Prometheus' text format say how many, MinIO's too", () => {
  expect(parseGoroutines('# HELP go_goroutines Number\ngo_goroutines 42\n')).toEqual({ total: 42, ofConnections: null, waiting: null })
  expect(parseGoroutines('minio_system_process_go_routine_total{server="a"} 4.69e+02\n')).toMatchObject({ total: 469 })
  expect(parseGoroutines('process_open_fds 7\n')).toBeNull()
})

test('a process that does not tell them is missing, not one with none', async () => {
  const server = createServer((_, response) => response.end('nothing'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const url = checkGoroutinesUrl('--goroutines', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect(url.href).toMatch(/\/debug\/pprof\/goroutine\?debug=1$/)
  expect(await readGoroutines(url)).toMatchObject({ missing: expect.stringContaining('tells no goroutines') })
  server.close()
  await once(server, 'close')
  expect(await readGoroutines(url)).toMatchObject({ missing: expect.stringContaining('ECONNREFUSED') })
})

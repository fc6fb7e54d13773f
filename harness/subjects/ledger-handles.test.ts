import { createHook } from 'node:async_hooks'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MessageChannel, Worker } from 'node:worker_threads'
import { Pool } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

let ledger: Ledger
beforeEach(() => {
  ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
})
afterEach(() => ledger.stop())

const typesOpen = (): readonly string[] => [
  ...new Set(ledger.page().handles.flatMap(({ type, openedAt }) => (openedAt?.file === import.meta.filename ? [type] : []))),
]

describe('a handle', () => {
  it('is on the page while it is open, and off it once it is closed', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const watcher = watch(import.meta.dirname)
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
    const worker = new Worker('require("worker_threads").parentPort.on("message", () => {})', { eval: true })
    await once(worker, 'online')
    const ports = new MessageChannel()
    ports.port1.on('message', () => {})
    const timer = setInterval(() => {}, 60_000)
    const tracked = ['TCPSERVERWRAP', 'FSEVENTWRAP', 'PROCESSWRAP', 'WORKER', 'MESSAGEPORT', 'Timeout']
    expect(typesOpen()).toEqual(expect.arrayContaining(tracked))

    clearInterval(timer)
    const portGone = once(ports.port1, 'close')
    ports.port2.close()
    await portGone
    await worker.terminate()
    child.stdin.end()
    await once(child, 'close')
    watcher.close()
    server.close()
    await once(server, 'close')
    // What libuv closes is gone a turn later.
    await turn()
    await turn()
    expect(typesOpen().filter((type) => tracked.includes(type))).toEqual([])
  })

  it('is none of the timers that undici and fetch make for their connections', async () => {
    const server = createHttpServer((_request, response) => response.end('x')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const pool = new Pool(origin, { connections: 1 })
    const timers = new Map<number, object>()
    const hook = createHook({ init: (id, type, _trigger, timer) => void (type === 'Timeout' && timers.set(id, timer)) }).enable()
    // A connection that waits for its next request has its timer.
    for (const ask of [
      () => pool.request({ path: '/', method: 'GET' }).then(({ body }) => body.text()),
      () => fetch(origin).then((r) => r.text()),
    ]) {
      timers.clear()
      await ask()
      await turn()
      const ofUndici = [...timers].filter(([, timer]) => clientEyes.isUndiciTimer(timer)).map(([id]) => id)
      expect(ofUndici).not.toEqual([])
      expect(ledger.page().handles.filter(({ id }) => ofUndici.includes(id))).toEqual([])
    }
    hook.disable()
    await pool.destroy()
    server.close()
    server.closeAllConnections()
  })

  it('is not the clock of the longer timers of undici, and is a timer of the same name that somebody else makes', () => {
    const require = createRequire(import.meta.url)
    const file = require.resolve('undici/lib/util/timers.js')
    // Each copy of undici makes its clock once: this one has not.
    delete require.cache[file]
    const { setFastTimeout, clearFastTimeout } = require(file) as {
      setFastTimeout(call: () => void, ms: number): object
      clearFastTimeout(timer: object): void
    }
    const made: object[] = []
    const hook = createHook({ init: (_id, type, _trigger, timer) => void (type === 'Timeout' && made.push(timer)) }).enable()
    const timer = setFastTimeout(() => {}, 5_000)
    const own = setTimeout(function onTick() {}, 60_000)
    hook.disable()
    expect(made.map(clientEyes.isUndiciTimer)).toEqual([true, false])
    clearFastTimeout(timer)
    clearTimeout(own)
  })

  it('leaves a timer that has fired, and what it closed over, to the garbage collector', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const closedOver = await new Promise<WeakRef<object>>((resolve) => {
      const precious = {}
      const kept = new WeakRef(precious)
      setTimeout(() => resolve(precious === undefined ? new WeakRef({}) : kept), 1)
    })
    // Its end is told a turn later.
    await turn()
    await turn()
    collect()
    expect(closedOver.deref()).toBeUndefined()
  })
})

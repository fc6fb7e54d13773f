/** Not guarded, like few of our tests (vitest.config.ts): counted is what the process is like while nobody watches, and a guard is somebody. */
import { createHook } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import fs from 'node:fs'
import { Server } from 'node:net'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { METRICS } from '../../model/metric-names.ts'
import { watchMetrics } from './index.ts'

const CHANNELS = ['http.client.request.created', 'undici:request:create', 'net.client.socket', 'http.server.request.start']

const taps = () => ({
  subscribers: CHANNELS.filter((name) => channel(name).hasSubscribers),
  listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`),
})

/** Timers of the watch: unref'd ones are in no list of Node's. */
const timers: { readonly _destroyed?: boolean }[] = []
const hook = createHook({
  init(_id, type, _trigger, resource) {
    if (type === 'Timeout') timers.push(resource)
  },
})

const methods = () => [Server.prototype.close, EventTarget.prototype.addEventListener, fs.open, fs.openSync]

test.each(['sampled', 'full'] as const)('stopping at level %s gives back subscriptions, methods, timer and names', async (level) => {
  timers.length = 0
  const registry = new Registry()
  const [before, methodsBefore] = [taps(), methods()]
  expect(before.subscribers).toEqual([])
  for (let turn = 0; turn < 5; turn += 1) {
    hook.enable()
    const metrics = watchMetrics({ registry, level })
    hook.disable()
    await metrics.text()
    expect(taps().subscribers).toEqual(CHANNELS)
    expect(registry.getMetricsAsArray()).toHaveLength(Object.keys(METRICS).length)
    metrics.stop()
    metrics.stop()
  }
  expect(taps()).toEqual(before)
  expect(timers.map(({ _destroyed }) => _destroyed)).toEqual(Array.from({ length: 5 }, () => true))
  expect(methods().every((method, at) => method === methodsBefore[at])).toBe(true)
  expect(registry.getMetricsAsArray()).toEqual([])
})

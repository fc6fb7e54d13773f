/** The alert rules of the package: spelled as the metrics are, checked by the real promtool, and fired in a real Prometheus by a service that leaks. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { AIS_STATE_FLAGS, METRICS } from '../../model/metric-names.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const RULES = readFileSync(`${ROOT}alerts/watertight.rules.yml`, 'utf8')
const GUIDE = readFileSync(`${ROOT}docs/guides/metrics.md`, 'utf8')

const programs = ['prometheus', 'promtool'].map((name) => `/usr/bin/${name}`)
const missing = programs.filter((path) => !existsSync(path))
if (missing.length > 0 && process.env.WATERTIGHT_REQUIRE_PROMETHEUS === '1')
  throw new Error(
    `WATERTIGHT_REQUIRE_PROMETHEUS=1, but ${missing.join(' and ')} is not there (apt-get install --no-install-recommends prometheus)`,
  )
const WHY_NOT = missing.length === 0 ? '' : `: NOT RUN, no ${missing.join(' and ')} (apt-get install --no-install-recommends prometheus)`

const NAMES: ReadonlySet<string> = new Set([AIS_STATE_FLAGS, ...Object.values(METRICS).map(({ name }) => name)])

test('the rules ask for no metric but ours and AIStore’s, and lead to pages that are there', () => {
  const asked = [...RULES.matchAll(/\b(?:watertight|http_client|ais_target)_[a-z_]+/g)].map(([name]) => name)
  expect(asked.length).toBeGreaterThan(7)
  expect(asked.filter((name) => !NAMES.has(name))).toEqual([])
  const runbooks = [...RULES.matchAll(/runbook: (\S+)/g)].map(([, page = '']) => page)
  expect(runbooks).toHaveLength([...RULES.matchAll(/- alert:/g)].length)
  expect(runbooks.filter((page) => !existsSync(`${ROOT}${page}`))).toEqual([])
})

test('the guide lists every metric and every alert', () => {
  const rows = (pattern: RegExp): readonly string[] => [...GUIDE.matchAll(pattern)].map(([, name = '']) => name)
  expect(rows(/^\| `((?:http_client|watertight)_\w+)`/gm)).toEqual(Object.values(METRICS).map(({ name }) => name))
  const alerts = [...RULES.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)
  expect(rows(/^\| `((?:Watertight|AIS)\w+)`/gm)).toEqual(alerts)
})

test.skipIf(WHY_NOT !== '')(`promtool finds the rules sound, and they fire in its time machine as they should${WHY_NOT}`, async () => {
  const promtool = async (...args: string[]) => (await promisify(execFile)('promtool', args, { cwd: `${ROOT}alerts` })).stdout
  expect(await promtool('check', 'rules', 'watertight.rules.yml')).toContain('SUCCESS')
  expect(await promtool('test', 'rules', 'watertight.test.yml')).toContain('SUCCESS')
})

/** The service of the guide, word for word; the leaky one without the line that lets go of the body. */
const DUMPS = /^ *await body\.dump\(\).*\n/m
const service = /^```js\n(.*?)^```$/ms.exec(GUIDE)?.[1] ?? ''
const DOOR = new URL('index.ts', import.meta.url).href

/** A minute of the shipped rules is 2 s here, their grace and thresholds likewise: what is tested is that they fire, not how patient they are. */
const hurried = RULES.replace(/\b(\d+)m\b/g, (_, minutes: string) => `${Number(minutes) * 2}s`)
  .replaceAll('_seconds > 60', '_seconds > 2')
  .replace('_seconds + 30', '_seconds + 2')

/** Ends a child we started, and waits until it is gone. */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

async function startService(program: string, storage: string): Promise<{ readonly child: ChildProcess; readonly origin: string }> {
  const text = `${program.replace("'watertight/metrics'", JSON.stringify(DOOR))}
server.once('listening', () => process.send(server.address().port))`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', text], {
    cwd: ROOT,
    env: { ...process.env, STORAGE: storage, PORT: '0' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [port] = await once(child, 'message')
  return { child, origin: `http://127.0.0.1:${port}` }
}

async function startPrometheus(folder: string, targets: Readonly<Record<string, string>>) {
  const jobs = Object.entries(targets).map(([job_name, origin]) => ({ job_name, static_configs: [{ targets: [new URL(origin).host] }] }))
  await writeFile(join(folder, 'rules.yml'), hurried)
  // JSON is YAML.
  await writeFile(
    join(folder, 'prometheus.yml'),
    JSON.stringify({ global: { scrape_interval: '1s', evaluation_interval: '1s' }, rule_files: ['rules.yml'], scrape_configs: jobs }),
  )
  const args = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, '--web.listen-address=127.0.0.1:0']
  const child = spawn('/usr/bin/prometheus', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  for await (const line of createInterface({ input: child.stderr })) {
    const [, address] = /msg="Listening on" address=(\S+)/.exec(line) ?? []
    if (address === undefined) continue
    // Nobody reads on, and a full pipe would stop it.
    child.stderr.resume()
    return { child, origin: `http://${address}` }
  }
  throw new Error('Prometheus ended before it listened')
}

interface Alert {
  readonly state: 'pending' | 'firing'
  readonly labels: { readonly alertname: string; readonly job: string }
}

async function ask<T>(url: string): Promise<T> {
  return ((await (await fetch(url)).json()) as { data: T }).data
}

test.skipIf(WHY_NOT !== '')(
  `a service that forgets its bodies fires in a real Prometheus, and the same service that lets go of them never does${WHY_NOT}`,
  { timeout: 100_000, meta: { allowLeaks: 'fetch keeps its connections to the services for 4 s' } },
  async ({ signal }) => {
    expect(service).toMatch(DUMPS)
    expect(hurried).not.toBe(RULES)
    // Large enough to leak unread (from 65,536 bytes on), small enough for dump() to read: of a larger one it gives up the connection, which is churn.
    // Without an idle timeout: it has sent all of such a body, so by default it would close after 5 s, and the leak would heal by luck.
    const storage = createServer({ keepAliveTimeout: 0 }, (_, response) => void response.end(Buffer.alloc(100_000)))
    await once(storage.listen(0, '127.0.0.1'), 'listening')
    const storageOrigin = `http://127.0.0.1:${(storage.address() as AddressInfo).port}`
    const folder = await mkdtemp(join(tmpdir(), 'watertight-prometheus-'))
    const children: ChildProcess[] = []
    const over = new AbortController()
    try {
      const [leaky, fixed] = await Promise.all([
        startService(service.replace(DUMPS, ''), storageOrigin),
        startService(service, storageOrigin),
      ])
      children.push(leaky.child, fixed.child)
      const prometheus = await startPrometheus(folder, { leaky: leaky.origin, fixed: fixed.origin })
      children.push(prometheus.child)

      // Twenty-five answers, and the others wait until we hang up.
      const asked = Array.from({ length: 30 }, () =>
        fetch(`${leaky.origin}/photo`, { signal: over.signal }).then(
          (r) => r.text(),
          () => null,
        ),
      )
      const seen = new Set<string>()
      const wanted = ['WatertightUnreadBodies leaky firing', 'WatertightPoolStarved leaky firing']
      while (!wanted.every((each) => seen.has(each))) {
        expect(signal.aborted, `in time only ${[...seen].join(', ')}`).toBe(false)
        await Promise.all(Array.from({ length: 30 }, async () => (await fetch(`${fixed.origin}/photo`)).text()))
        const { alerts } = await ask<{ alerts: readonly Alert[] }>(`${prometheus.origin}/api/v1/alerts`)
        for (const { labels, state } of alerts) seen.add(`${labels.alertname} ${labels.job} ${state}`)
        await setTimeout(200)
      }
      // It was looked at, and had nothing to be told about.
      expect([...seen].filter((each) => each.includes(' fixed '))).toEqual([])
      const counted = await ask<{ result: readonly { value: readonly [number, string] }[] }>(
        `${prometheus.origin}/api/v1/query?query=${encodeURIComponent('watertight_requests_total{job="fixed",outcome="ok"}')}`,
      )
      expect(Number(counted.result[0]?.value[1])).toBeGreaterThanOrEqual(30)
      over.abort()
      await Promise.all(asked)
    } finally {
      over.abort()
      await Promise.all(children.map((child) => end(child, 'SIGKILL')))
      storage.close().closeAllConnections()
      await rm(folder, { recursive: true })
    }
  },
)

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Facts } from './doctor/facts.ts'
import { fakeOutput, invoke } from './fake-world.ts'

const BIN = fileURLToPath(new URL('bin.ts', import.meta.url))

interface Told {
  readonly code: number
  readonly stderr: string
  readonly ready: boolean
  /** By name. */
  readonly checks: Readonly<Record<string, { readonly state: string; readonly says: string; readonly remedy: string | null }>>
}

/** The real doctor, in a folder of its own. */
async function ask(env: Readonly<Record<string, string>>, words: readonly string[] = [], config: string | null = null): Promise<Told> {
  const cwd = mkdtempSync(join(tmpdir(), 'watertight-doctor-test-'))
  onTestFinished(() => rmSync(cwd, { recursive: true }))
  if (config !== null) writeFileSync(join(cwd, 'watertight.config.mjs'), config)
  const bare = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(WATERTIGHT_|DOCKER_|VITEST|NODE_OPTIONS)/.test(name)))
  const child = spawn(process.execPath, [BIN, 'doctor', '--json', ...words], {
    cwd,
    env: { ...bare, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const { ready, checks } = JSON.parse(stdout) as {
    readonly ready: boolean
    readonly checks: readonly (Told['checks'][string] & { readonly name: string })[]
  }
  return { code, stderr, ready, checks: Object.fromEntries(checks.map((check) => [check.name, check])) }
}

/** `tcp://` of an engine that accepts and says nothing. */
async function silentEngine(): Promise<string> {
  const server = createServer((socket) => void socket.on('error', () => {}).resume())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('the doctor on this machine', () => {
  test('is content without an engine, and names the one it asked for', async () => {
    const { code, ready, stderr, checks } = await ask({ DOCKER_HOST: 'unix:///nowhere/docker.sock' })
    expect({ code, ready, stderr }).toEqual({ code: 0, ready: true, stderr: '' })
    expect(checks['container engine']).toMatchObject({
      state: 'warn',
      says: 'no container engine: DOCKER_HOST=unix:///nowhere/docker.sock does not exist',
    })
    expect(checks['child processes']?.state).toBe('ok')
  })

  test.each<[string, Readonly<Record<string, string>>, readonly string[], string | null]>([
    ['--require minio', {}, ['--require', 'minio'], null],
    ['WATERTIGHT_REQUIRE_DOCKER=1', { WATERTIGHT_REQUIRE_DOCKER: '1' }, [], null],
    ['a configuration that requires it', {}, [], "export default { require: ['minio'] }"],
    ['a configuration that runs on nothing else', {}, [], "export default { backend: 'minio' }"],
  ])('is not without an engine under %s', async (_what, env, words, config) => {
    const { code, ready, checks } = await ask({ ...env, DOCKER_HOST: 'unix:///nowhere/docker.sock' }, words, config)
    expect({ code, ready }).toEqual({ code: 2, ready: false })
    expect(checks['container engine']?.state).toBe('missing')
  })

  test('waits one second for an engine that accepts and never answers', async () => {
    const address = await silentEngine()
    const begun = performance.now()
    const { code, checks } = await ask({ DOCKER_HOST: address })
    expect(code).toBe(0)
    expect(checks['container engine']).toMatchObject({
      state: 'warn',
      says: `the container engine hangs: DOCKER_HOST=${address} gave no answer to /_ping within 1000 ms`,
      remedy: 'restart the container engine, or set WATERTIGHT_MINIO_BIN to a MinIO binary',
    })
    // 1 s, and a program that starts on a busy machine
    expect(performance.now() - begun).toBeLessThan(10_000)
  })

  test.each([
    ['/nowhere/minio', 'does not exist'],
    [BIN, 'is not executable'],
    [process.execPath, 'is no MinIO: it says v'],
  ])('does not believe that %s is a MinIO binary', async (path, why) => {
    const { checks } = await ask({ WATERTIGHT_MINIO_BIN: path, DOCKER_HOST: 'unix:///nowhere' })
    expect(checks['MinIO binary']).toMatchObject({ state: 'warn', says: expect.stringContaining(`WATERTIGHT_MINIO_BIN=${path} ${why}`) })
    expect(checks['container engine']?.state).toBe('ok')
  })

  test('shows every mistake of a configuration beside the rest, and exits 3', async () => {
    const { code, ready, checks } = await ask({ DOCKER_HOST: 'unix:///nowhere' }, [], 'export default { level: 1, idleTimeout: 2 }')
    expect({ code, ready }).toEqual({ code: 3, ready: false })
    expect(checks.configuration?.says).toContain('`level` is 1: it takes')
    expect(checks.configuration?.says).toContain('did you mean `idleTimeoutMs`?')
    expect(checks.Node?.state).toBe('ok')
  })
})

describe('the report of the doctor', () => {
  const fine = { ok: true, says: 'fine' } as const
  const facts: Facts = {
    node: 'v24.21.0',
    platform: 'linux x64',
    stripsTypes: true,
    tool: '0.1.0',
    installed: null,
    config: null,
    tempFolder: { ok: false, why: 'EROFS: read-only file system, mkdtemp', remedy: null },
    loopback: fine,
    child: fine,
    kernel: { probe: 'kernel-sock-diag', blind: null, noSockDiag: null },
    descriptorLimit: 20_000,
    canLowerLimit: true,
    minio: {
      binary: null,
      engine: { ok: false, problem: 'no-socket', reason: 'no container engine: /var/run/docker.sock does not exist', remedy: 'start one' },
      places: ['/var/run/docker.sock', '/run/user/1000/docker.sock'],
      image: null,
    },
    others: [],
  }
  const dependencies = { examine: async () => ({ facts, asked: { backend: null, require: [] } }) }

  test('has a line for each mistake of a configuration', async () => {
    const why = 'w.config.ts: `idle` is not a field\n  w.config.ts: `level` is 1: it takes \u001b[31m'
    const { code, stdout } = await invoke(['doctor'], {
      dependencies: {
        examine: async () => ({ facts: { ...facts, config: { ok: false, why, remedy: null } }, asked: { backend: null, require: [] } }),
      },
      env: { NO_COLOR: '1' },
    })
    expect(code).toBe(3)
    expect(stdout.split('\n').slice(4, 8)).toEqual([
      'missing  configuration     w.config.ts: `idle` is not a field',
      '                           w.config.ts: `level` is 1: it takes \\u001b[31m',
      '                           costs  run, list, exec and attach refuse to begin',
      '                           fix    correct it; docs/guides/config.md has every field',
    ])
  })

  test('is aligned, folded to the terminal, and says how to fix what is missing', async () => {
    const { code, stdout } = await invoke(['doctor'], {
      dependencies,
      stdout: fakeOutput({ isTTY: true, columns: 90 }),
      env: { NO_COLOR: '1' },
    })
    expect(code).toBe(2)
    expect(stdout).toMatchInlineSnapshot(`
      "ok       Node              v24.21.0 on linux x64, runs TypeScript as it is
      warn     watertight        0.1.0, but this folder has none to import
                                 costs  import { defineScenario } from 'watertight' does not
                                        load
                                 fix    npm install --save-dev watertight
      ok       configuration     none; \`watertight init\` writes one
      ok       loopback          fine
      missing  temporary folder  EROFS: read-only file system, mkdtemp
                                 costs  no run has a place for its data
                                 fix    set TMPDIR to a folder this user may write to
      ok       child processes   fine
      ok       kernel view       kernel-sock-diag: every socket by state and owner
      ok       descriptors       20000 for each process
      ok       prlimit           on the PATH
      warn     container engine  no container engine: /var/run/docker.sock does not exist;
                                 looked at /var/run/docker.sock and /run/user/1000/docker.sock
                                 costs  scenarios on MinIO are not run; those on the embedded
                                        backend are
                                 fix    start one, or set WATERTIGHT_MINIO_BIN to a MinIO binary

      not ready: temporary folder missing, with 2 warnings
      "
    `)
  })

  test('has colours where they are wanted, and none where they are not', async () => {
    expect((await invoke(['doctor'], { dependencies })).stdout).not.toContain('\u001b')
    const { stdout } = await invoke(['doctor'], { dependencies, env: { FORCE_COLOR: '1' } })
    expect(stdout).toContain('\u001b[32mok     \u001b[39m')
    expect(stdout).toContain('\u001b[33mwarn   \u001b[39m')
    expect(stdout).toContain('\u001b[91mmissing\u001b[39m')
  })
})

import { describe, expect, test } from 'vitest'
import type { Checkup, Facts } from './facts.ts'
import { judge } from './judge.ts'

const fine = { ok: true, says: 'fine' } as const

/** A machine on which nothing is wanting. */
const WELL: Facts = {
  node: 'v24.21.0',
  platform: 'linux x64',
  stripsTypes: true,
  tool: '0.1.0',
  installed: '0.1.0',
  config: null,
  tempFolder: fine,
  loopback: fine,
  child: fine,
  kernel: { probe: 'kernel-sock-diag', blind: null, noSockDiag: null },
  descriptorLimit: 20_000,
  canLowerLimit: true,
  minio: {
    binary: null,
    engine: { ok: true, address: { name: '/var/run/docker.sock', socketPath: '/var/run/docker.sock' } },
    places: ['/var/run/docker.sock', '/root/.docker/run/docker.sock'],
    image: { name: 'watertight/minio:1', pull: false },
  },
  others: [{ kind: 'azurite', tried: fine }],
}
const NO_ENGINE = {
  ok: false,
  problem: 'no-socket',
  reason: 'no container engine: /var/run/docker.sock does not exist',
  remedy: 'start one',
} as const

const notWell = (changes: Partial<Facts>, minio = false): readonly Checkup[] =>
  judge({ ...WELL, ...changes }, new Set(minio ? (['minio', 'azurite'] as const) : [])).filter(({ state }) => state !== 'ok')
const withMinio = (changes: Partial<Facts['minio']>): Partial<Facts> => ({ minio: { ...WELL.minio, ...changes } })

describe('the doctor', () => {
  test('finds nothing wrong where nothing is', () => {
    expect(notWell({}, true)).toEqual([])
  })

  test.each<[string, Partial<Facts>]>([
    ['Node', { node: 'v20.19.0' }],
    ['loopback', { loopback: { ok: false, why: 'EPERM', remedy: null } }],
    ['temporary folder', { tempFolder: { ok: false, why: 'EROFS', remedy: null } }],
    ['child processes', { child: { ok: false, why: 'EAGAIN', remedy: null } }],
    ['configuration', { config: { ok: false, why: 'watertight.config.ts: `idle` is not a field', remedy: null } }],
  ])('cannot do without %s', (name, changes) => {
    expect(notWell(changes)).toMatchObject([{ name, state: 'missing', remedy: expect.stringMatching(/\w+ \w+/) }])
  })

  test.each<[string, string, Partial<Facts>]>([
    ['a Node that strips no types', 'Node', { stripsTypes: false }],
    ['a folder that imports another version', 'watertight', { installed: '0.0.9' }],
    ['a folder that imports none', 'watertight', { installed: null }],
    ['/proc instead of sock_diag', 'kernel view', { kernel: { probe: 'kernel-procfs', blind: null, noSockDiag: 'koffi does not load' } }],
    ['no kernel view at all', 'kernel view', { kernel: { probe: 'kernel-portable', blind: 'darwin shows no table', noSockDiag: null } }],
    ['few descriptors', 'descriptors', { descriptorLimit: 256 }],
    ['no prlimit', 'prlimit', { canLowerLimit: false }],
    ['no container engine', 'container engine', withMinio({ engine: NO_ENGINE, image: null })],
    ['no image', 'MinIO image', withMinio({ image: { why: 'not here', remedy: null } })],
    ['no azurite', 'azurite', { others: [{ kind: 'azurite', tried: { ok: false, why: 'not installed', remedy: 'npm i -D azurite' } }] }],
    ['an image to pull', 'MinIO image', withMinio({ image: { name: 'quay.io/minio/minio:1', pull: true } })],
    [
      'a bad MinIO binary',
      'MinIO binary',
      withMinio({ binary: { path: '/x', tried: { ok: false, why: 'does not exist', remedy: null } } }),
    ],
  ])('warns of %s, and says what that costs', (_what, name, changes) => {
    const costs = expect.stringMatching(/\w+ \w+/)
    expect(notWell(changes)).toMatchObject([{ name, state: 'warn', costs, remedy: costs }])
  })

  test('misses an engine only when MinIO was asked for, and says where it looked', () => {
    const changes = withMinio({ engine: NO_ENGINE, image: null })
    expect(notWell(changes, true)).toMatchInlineSnapshot(`
      [
        {
          "costs": "MinIO was asked for, and cannot be run",
          "name": "container engine",
          "remedy": "start one, or set WATERTIGHT_MINIO_BIN to a MinIO binary",
          "says": "no container engine: /var/run/docker.sock does not exist; looked at /var/run/docker.sock and /root/.docker/run/docker.sock",
          "state": "missing",
        },
      ]
    `)
  })

  test('misses another kind only when that was asked for', () => {
    const others = [{ kind: 'azurite', tried: { ok: false, why: 'not installed', remedy: null } }] as const
    expect(notWell({ others }, true)).toMatchObject([{ name: 'azurite', state: 'missing' }])
    expect(notWell({ others })).toMatchObject([{ name: 'azurite', state: 'warn' }])
  })

  test('does not ask for an engine where there is a MinIO binary', () => {
    const binary = { path: '/usr/bin/minio', tried: { ok: true, says: 'minio version 1' } } as const
    expect(notWell(withMinio({ binary, engine: NO_ENGINE, image: null }), true)).toEqual([])
  })

  test('says nothing of limits a system does not have', () => {
    const elsewhere: Partial<Facts> = { platform: 'darwin arm64', descriptorLimit: null, canLowerLimit: false }
    expect(notWell(elsewhere)).toEqual([])
  })
})

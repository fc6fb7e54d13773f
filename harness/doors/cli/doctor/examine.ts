/** Looks at this machine. Each look is bounded, so that nothing that hangs here can hang the doctor. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { enginePlaces, pingEngine } from '../../../../fixtures/containers/engine.ts'
import { chooseImage } from '../../../../fixtures/containers/image.ts'
import { MINIO_IMAGE } from '../../../../fixtures/containers/minio-settings.ts'
import { HarnessError } from '../../../model/errors.ts'
import { countDescriptors } from '../../../probes/descriptors.ts'
import { kernelProbe } from '../../../probes/kernel/kernel-probe.ts'
import { SOCK_DIAG, sockDiagRows } from '../../../probes/kernel/sock-diag.ts'
import { loadConfig } from '../../../scenario/load-config.ts'
import { TOOL_VERSION } from '../../../subjects/version.ts'
import { installedVersion } from '../installed-version.ts'
import type { Environment } from '../io.ts'
import { examineOthers } from './examine-others.ts'
import type { Facts, Try } from './facts.ts'

export interface Examination {
  readonly facts: Facts
  /** What the configuration asks for; empty without a valid one. */
  readonly asked: { readonly backend: string | null; readonly require: readonly string[] }
}

/** An engine that answers /_ping tells an image within milliseconds. */
const IMAGE_LIMIT_MS = 1_000
/** A MinIO binary (112 MB) says its version in 0.2 s from a warm disk. */
const BINARY_LIMIT_MS = 5_000
const CHILD_LIMIT_MS = 5_000

/** @param config the file `--config` names. */
export async function examine(cwd: string, env: Environment, config: string | null): Promise<Examination> {
  const [configuration, tempFolder, loopback, child, minio] = await Promise.all([
    examineConfig(cwd, config),
    attempt(useTempFolder),
    attempt(useLoopback),
    attempt(countChild),
    examineMinio(env),
  ])
  const { asked, tried } = configuration
  const facts: Facts = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    // process.features.typescript: 'strip', 'transform' or false
    stripsTypes: Boolean(process.features.typescript),
    tool: TOOL_VERSION,
    installed: installedVersion(cwd),
    config: tried,
    tempFolder,
    loopback,
    child,
    kernel: examineKernel(env),
    descriptorLimit: descriptorLimit(),
    canLowerLimit: isOnPath('prlimit', env),
    minio,
    others: await examineOthers(env, minio.engine),
  }
  return { facts, asked }
}

/** What it says, or what it threw. */
async function attempt(act: () => Promise<string>): Promise<Try> {
  try {
    return { ok: true, says: await act() }
  } catch (error) {
    if (error instanceof HarnessError) return { ok: false, why: error.what, remedy: error.remedy }
    return { ok: false, why: error instanceof Error ? error.message : String(error), remedy: null }
  }
}

async function examineConfig(
  cwd: string,
  named: string | null,
): Promise<{ readonly asked: Examination['asked']; readonly tried: Try | null }> {
  let asked: Examination['asked'] = { backend: null, require: [] }
  let isThere = true
  const tried = await attempt(async () => {
    const loaded = await loadConfig(cwd, named)
    isThere = loaded !== null
    if (loaded === null) return ''
    const { config, file, folder } = loaded
    asked = { backend: config.backend ?? null, require: config.require ?? [] }
    if (config.scenarios === undefined) return `${file} is valid`
    const { discoverOwn } = await import('../../../scenario/discover.ts')
    const own = await discoverOwn({ patterns: [config.scenarios].flat(), folder, file, judging: {} })
    return `${file} is valid, with ${own.map(({ scenario }) => scenario.name).join(', ')}`
  })
  return { asked, tried: isThere ? tried : null }
}

async function useTempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'watertight-doctor-'))
  await rm(folder, { recursive: true })
  return `${tmpdir()} can be written to`
}

async function useLoopback(): Promise<string> {
  const server = createServer((socket) => socket.end())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').resume()
    await once(socket, 'close')
    return '127.0.0.1 listens and answers'
  } finally {
    server.close()
  }
}

async function countChild(): Promise<string> {
  // It ends when its stdin does: with us at the latest.
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'], timeout: CHILD_LIMIT_MS })
  try {
    await once(child, 'spawn')
    const pid = child.pid ?? 0
    const probe = kernelProbe()
    if (probe.available() === true) probe.look({ pid })
    const seen = countDescriptors(pid)
    const isRoot = process.getuid?.() === 0
    if (seen === null) return 'start; their descriptors cannot be counted on this system'
    return `start, and are counted from outside${isRoot ? '' : "; other users' processes would take root"}`
  } finally {
    child.kill('SIGKILL')
  }
}

function examineKernel(env: Environment): Facts['kernel'] {
  const probe = kernelProbe()
  const available = probe.available()
  const isOff = env.WATERTIGHT_NO_KOFFI === '1'
  const rows = isOff ? { missing: 'WATERTIGHT_NO_KOFFI=1 leaves koffi out' } : sockDiagRows()
  const noSockDiag = probe.name === SOCK_DIAG || typeof rows === 'function' ? null : rows.missing
  return { probe: probe.name, blind: available === true ? null : available.missing, noSockDiag }
}

/** Of this process; Node has raised the soft limit to the hard one, and children inherit that. */
function descriptorLimit(): number | null {
  try {
    const [, soft = ''] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : /^\d+$/.test(soft) ? Number(soft) : null
  } catch {
    return null
  }
}

function isOnPath(program: string, env: Environment): boolean {
  return (env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return folder !== ''
    } catch {
      return false
    }
  })
}

async function examineMinio(env: Environment): Promise<Facts['minio']> {
  const path = env.WATERTIGHT_MINIO_BIN
  const binary = path ? { path, tried: await attempt(() => binaryVersion(path)) } : null
  const engine = await pingEngine()
  const image = engine.ok ? await chooseImage(MINIO_IMAGE, engine.address, AbortSignal.timeout(IMAGE_LIMIT_MS)).catch(whyNoImage) : null
  return { binary, engine, places: enginePlaces(), image }
}

const whyNoImage = (error: unknown): { readonly why: string; readonly remedy: string | null } =>
  error instanceof HarnessError
    ? { why: error.what, remedy: error.remedy }
    : {
        why: `the engine did not say whether the image is there: ${error instanceof Error ? error.message : error}`,
        remedy: 'restart the container engine',
      }

async function binaryVersion(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: BINARY_LIMIT_MS, killSignal: 'SIGKILL' }).catch(
    (error: NodeJS.ErrnoException) => {
      const why =
        { ENOENT: 'does not exist', EACCES: 'is not executable' }[error.code ?? ''] ??
        `does not say its version: ${error.message.split('\n', 1)[0]}`
      throw new Error(why)
    },
  )
  const [says = ''] = stdout.split('\n', 1)
  if (!says.startsWith('minio ')) throw new Error(`is no MinIO: it says ${says.slice(0, 80)}`)
  return says
}

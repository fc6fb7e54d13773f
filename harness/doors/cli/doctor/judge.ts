/** From facts to checkups: what is fine, what is lost, what is missing, and what to do. Pure. */
import { orBinary } from '../../../../fixtures/containers/engine.ts'
import type { OwnKind } from '../../../model/backend.ts'
import { either } from '../../../session/nearest.ts'
import { SUPPORTED_NODE, unsupportedNode } from '../node-version.ts'
import type { Checkup, Facts, Try } from './facts.ts'

/** Kinds of backend that were asked for: without one of them a run would exit 2. */
export type Needs = ReadonlySet<OwnKind>

/** The widest scenario opens 200 connections, a run has 32 children under way, each with its pipes. */
const COMFORTABLE_DESCRIPTORS = 1_024

/** Every checkup, in the order of the report. */
export function judge(facts: Facts, needs: Needs): readonly Checkup[] {
  return [
    node(facts),
    version(facts),
    ...configuration(facts),
    required('loopback', facts.loopback, 'no backend, and no service under load', 'allow this user to listen on 127.0.0.1'),
    required('temporary folder', facts.tempFolder, 'no run has a place for its data', 'set TMPDIR to a folder this user may write to'),
    required(
      'child processes',
      facts.child,
      'every scenario runs in one, counted from outside',
      'allow this user to start Node and to read /proc/<pid>',
    ),
    kernel(facts),
    ...descriptors(facts),
    ...minio(facts, needs),
    ...others(facts, needs),
  ]
}

const ok = (name: string, says: string): Checkup => ({ state: 'ok', name, says })

function required(name: string, tried: Try, costs: string, remedy: string): Checkup {
  return tried.ok ? ok(name, tried.says) : { state: 'missing', name, says: tried.why, costs, remedy: tried.remedy ?? remedy }
}

function node({ node, platform, stripsTypes }: Facts): Checkup {
  const name = 'Node'
  if (unsupportedNode(node) !== null)
    return {
      state: 'missing',
      name,
      says: `${node} on ${platform}, and it takes ${SUPPORTED_NODE}`,
      costs: 'nothing runs',
      remedy: 'install Node 24 (https://nodejs.org/download)',
    }
  if (stripsTypes) return ok(name, `${node} on ${platform}, runs TypeScript as it is`)
  return {
    state: 'warn',
    name,
    says: `${node} on ${platform}, which does not run TypeScript`,
    costs: 'scenarios and configurations in .ts do not load',
    remedy: 'leave out --no-strip-types and --no-experimental-strip-types (NODE_OPTIONS, too), or write .js',
  }
}

function version({ tool, installed }: Facts): Checkup {
  const name = 'watertight'
  if (installed === tool) return ok(name, `${tool}, and so is the one this folder imports`)
  return {
    state: 'warn',
    name,
    says: `${tool}, but this folder ${installed === null ? 'has none to import' : `imports ${installed}`}`,
    costs:
      installed === null
        ? "import { defineScenario } from 'watertight' does not load"
        : 'scenarios and tests speak to another version than the one that runs them',
    remedy:
      installed === null
        ? 'npm install --save-dev watertight'
        : `npm install --save-dev watertight@${tool}, or run the installed one: npx --no-install watertight`,
  }
}

function configuration({ config }: Facts): readonly Checkup[] {
  if (config === null) return [ok('configuration', 'none; `watertight init` writes one')]
  if (config.ok) return [ok('configuration', config.says)]
  const remedy = config.remedy ?? 'correct it; docs/guides/config.md has every field'
  return [{ state: 'missing', name: 'configuration', says: config.why, costs: 'run, list, exec and attach refuse to begin', remedy }]
}

function kernel({ kernel: { probe, blind, noSockDiag } }: Facts): Checkup {
  const name = 'kernel view'
  if (blind !== null) {
    const costs = 'requests and pools decide alone: a connection outside any client is not seen'
    return { state: 'warn', name, says: blind, costs, remedy: 'run on Linux, or in a Linux container' }
  }
  if (noSockDiag === null) return ok(name, `${probe}: every socket by state and owner`)
  return {
    state: 'warn',
    name,
    says: `${probe}, because ${noSockDiag}`,
    costs: 'the same counts, ten times slower',
    remedy: noSockDiag.includes('WATERTIGHT_NO_KOFFI')
      ? 'unset WATERTIGHT_NO_KOFFI'
      : 'npm install koffi (an optional dependency), outside of sandboxes that forbid netlink',
  }
}

function descriptors({ descriptorLimit, canLowerLimit, platform }: Facts): readonly Checkup[] {
  if (descriptorLimit === null) return []
  const limit = descriptorLimit === Number.POSITIVE_INFINITY ? 'no limit' : `${descriptorLimit} for each process`
  const few: Checkup = {
    state: 'warn',
    name: 'descriptors',
    says: limit,
    costs: 'a scenario with hundreds of connections may run into the limit instead of into its leak',
    remedy: `ulimit -n ${COMFORTABLE_DESCRIPTORS} before the run (the hard limit is the administrator's)`,
  }
  const noPrlimit: Checkup = {
    state: 'warn',
    name: 'prlimit',
    says: 'not on the PATH',
    costs: 'a scenario that lowers the limit of its child cannot',
    remedy: 'install util-linux',
  }
  return [
    descriptorLimit < COMFORTABLE_DESCRIPTORS ? few : ok('descriptors', limit),
    ...(platform.startsWith('linux') ? [canLowerLimit ? ok('prlimit', 'on the PATH') : noPrlimit] : []),
  ]
}

const MINIO_COSTS = 'scenarios on MinIO are not run; those on the embedded backend are'

function minio({ minio: { binary, engine, places, image } }: Facts, needs: Needs): readonly Checkup[] {
  const lost = (name: string, says: string, remedy: string): Checkup =>
    needs.has('minio')
      ? { state: 'missing', name, says, costs: 'MinIO was asked for, and cannot be run', remedy }
      : { state: 'warn', name, says, costs: MINIO_COSTS, remedy }
  if (binary !== null) {
    const name = 'MinIO binary'
    const { path, tried } = binary
    const unused = ok('container engine', 'not needed: WATERTIGHT_MINIO_BIN names a binary')
    if (tried.ok) return [ok(name, `${path}: ${tried.says}`), unused]
    return [
      lost(name, `WATERTIGHT_MINIO_BIN=${path} ${tried.why}`, tried.remedy ?? 'point it at a MinIO binary, or unset it to use a container'),
      unused,
    ]
  }
  if (!engine.ok) {
    const looked = engine.problem === 'no-socket' && places.length > 1 ? `; looked at ${either(places).replace(/ or /, ' and ')}` : ''
    return [lost('container engine', `${engine.reason}${looked}`, orBinary(engine.remedy, 'WATERTIGHT_MINIO_BIN', 'MinIO'))]
  }
  const answers = ok('container engine', `answers at ${engine.address.name}`)
  if (image === null) return [answers]
  if ('why' in image) return [answers, lost('MinIO image', image.why, image.remedy ?? 'set WATERTIGHT_MINIO_IMAGE to a MinIO image')]
  if (!image.pull) return [answers, ok('MinIO image', `${image.name} is here`)]
  const says = `${image.name} is not here yet`
  return [
    answers,
    {
      state: 'warn',
      name: 'MinIO image',
      says,
      costs: 'the first run on MinIO pulls it',
      remedy: `docker pull ${image.name}, or set WATERTIGHT_MINIO_IMAGE`,
    },
  ]
}

function others({ others }: Facts, needs: Needs): readonly Checkup[] {
  return others.map(({ kind, tried }) => {
    if (tried.ok) return ok(kind, tried.says)
    const remedy = tried.remedy ?? 'docs/guides/emulators.md says how to get it'
    if (needs.has(kind)) return { state: 'missing', name: kind, says: tried.why, costs: `${kind} was asked for, and cannot be run`, remedy }
    return {
      state: 'warn',
      name: kind,
      says: tried.why,
      costs: `scenarios on ${kind} are not run; those on the embedded backend are`,
      remedy,
    }
  })
}

/** For tests of the command line: an outside world that is remembered, and a suite that answers what the test says. */
import { EventEmitter } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { Writable } from 'node:stream'
import type { BackendKind } from '../../model/backend.ts'
import type { RunPlace, RunRecord, ScenarioRun, SkippedRun } from '../../model/run-record.ts'
import type { Scenario, Variants } from '../../model/scenario.ts'
import type { SuiteRequest } from '../../scenario/suite.ts'
import type { Environment, Io, Output } from './io.ts'
import { main } from './main.ts'
import type { Dependencies } from './run-command.ts'

const COUNTS = { sockets: 1, handles: 1, descriptors: 20, byState: {} }
const BOTH: Variants = {
  leaky: {
    work: async () => {},
    expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: 26 },
  },
  fixed: { work: async () => {}, expects: { verdict: 'clean' } },
}

export function fakeScenario(
  name: string,
  kinds: readonly BackendKind[] = ['embedded', 'minio', 'url'],
  cases: Scenario['cases'] = { '': BOTH },
): Scenario {
  const start = async (): Promise<never> => {
    throw new Error('a fake backend is never started')
  }
  const backend = kinds.length === 0 ? null : { kinds, start }
  return {
    name,
    layer: 'backend',
    client: 'aws-sdk',
    shows: `what ${name} shows`,
    backend,
    limits: null,
    judgeLimits: false,
    idleTimeoutMs: 6000,
    descriptorLimit: null,
    cases,
    file: null,
  }
}

/** A run as expected; `changes` make it otherwise. */
export function fakeRun(changes: Partial<ScenarioRun> = {}): ScenarioRun {
  return {
    scenario: 'article-batch-copy',
    case: null,
    variant: 'fixed',
    layer: 'backend',
    client: 'aws-sdk',
    backend: 'embedded',
    profile: null,
    verdict: 'clean',
    expected: { verdict: 'clean' },
    asExpected: true,
    measured: [],
    notes: [],
    findings: [],
    baseline: COUNTS,
    peak: COUNTS,
    recount: COUNTS,
    deadlineMs: 6000,
    returnedToBaselineMs: 40,
    blockedAtRequest: null,
    proof: null,
    requests: { sent: 3, ok: 3, failed: 0 },
    connectionsOpened: 1,
    latencyMs: null,
    timeline: {
      workStartedAtMs: null,
      workEndedAtMs: null,
      tMs: [],
      sockets: [],
      handles: [],
      descriptors: [],
      lifelines: [],
      lifelinesLeftOut: 0,
    },
    workError: null,
    durationMs: 210,
    ...changes,
  }
}

export const MINIO_SKIPPED: SkippedRun = {
  scenario: 'article-batch-copy',
  case: null,
  variant: 'fixed',
  backend: 'minio',
  reason: 'no container engine',
  remedy: 'start one',
}

export function fakeRecord(runs: readonly ScenarioRun[], skipped: readonly SkippedRun[] = []): RunRecord {
  const asExpected = runs.filter((run) => run.asExpected).length
  return {
    schema: 'watertight/run@1',
    tool: { version: '0.1.0' },
    environment: { node: 'v24.21.0', platform: 'linux x64', docker: false, contended: false },
    runs,
    skipped,
    totals: { runs: runs.length, asExpected, skipped: skipped.length, wallMs: 300 },
  }
}

/** The events of a suite that ends in this record. */
export function tellOf({ tool, environment, runs, skipped }: RunRecord, onEvent: SuiteRequest['onEvent']): void {
  const keyOf = ({ scenario, case: name, variant, backend }: RunPlace) => ({ scenario, case: name, variant: variant ?? 'fixed', backend })
  onEvent({ type: 'begun', tool, environment })
  onEvent({ type: 'planned', runs: [...runs, ...skipped].map(keyOf) })
  for (const run of runs) onEvent({ type: 'judged', key: keyOf(run), run })
  for (const each of skipped) onEvent({ type: 'skipped', skipped: each })
  onEvent({ type: 'ended', stopped: null })
}

/** Remembers what was written to it. */
export function fakeOutput(
  terminal: { readonly isTTY: true; readonly columns: number } | null = null,
): Output & { readonly text: () => string } {
  const chunks: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  return Object.assign(stream, { text: () => chunks.join('') }, terminal)
}

export interface Invocation {
  readonly env?: Environment
  /** What lies in the working directory, contents by name. */
  readonly files?: Readonly<Record<string, string>>
  readonly scenarios?: readonly Scenario[]
  readonly stdout?: Output & { readonly text: () => string }
  readonly signals?: EventEmitter
  readonly dependencies?: Partial<Dependencies>
  /** What the suite answers. */
  readonly record?: RunRecord
}

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What the suite was asked for; null: it was never started. */
  readonly request: SuiteRequest | null
  /** What is below its working directory afterwards: contents by path. */
  readonly files: Readonly<Record<string, string>>
  /** Codes with which the process would have been ended at once. */
  readonly exits: readonly number[]
}

/** Every file below a folder, by its path from there. */
function filesBelow(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort()
  return Object.fromEntries(paths.map((path) => [relative(folder, path), readFileSync(path, 'utf8')]))
}

/** Runs one command line in a world of its own. */
export async function invoke(commandLine: readonly string[], invocation: Invocation = {}): Promise<Answer> {
  const stdout = invocation.stdout ?? fakeOutput()
  const stderr = fakeOutput()
  const cwd = mkdtempSync(join(tmpdir(), 'watertight-cli-'))
  for (const [name, contents] of Object.entries(invocation.files ?? {})) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), contents)
  }
  const exits: number[] = []
  let request: SuiteRequest | null = null
  const scenarios = invocation.scenarios ?? [fakeScenario('article-batch-copy'), fakeScenario('hang-versus-leak', ['embedded'])]
  const io: Io = {
    stdout,
    stderr,
    env: invocation.env ?? {},
    cwd,
    signals: invocation.signals ?? new EventEmitter(),
    exitNow: (code) => exits.push(code),
  }
  const runSuite =
    invocation.dependencies?.runSuite ??
    (async ({ onEvent }: SuiteRequest) => tellOf(invocation.record ?? fakeRecord([fakeRun()]), onEvent))
  const code = await main(commandLine, io, {
    version: '0.1.0',
    discover: async () => scenarios.map((scenario) => ({ scenario, file: `/scenarios/${scenario.name}.ts` })),
    hasEngine: async () => false,
    sweep: async () => [],
    examine: async () => {
      throw new Error('the fake world has no machine')
    },
    exec: async () => {
      throw new Error('the fake world has no programs')
    },
    attach: async () => {
      throw new Error('the fake world has no processes')
    },
    findContainer: async () => {
      throw new Error('the fake world has no containers')
    },
    ...invocation.dependencies,
    runSuite: (asked) => {
      request = asked
      return runSuite(asked)
    },
  })
  const files = filesBelow(cwd)
  rmSync(cwd, { recursive: true })
  return { code, stdout: stdout.text(), stderr: stderr.text(), request, files, exits }
}

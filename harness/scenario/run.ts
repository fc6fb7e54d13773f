/** One cell of the matrix: a backend, a child, the plot, the proof. */
import type { Backend, BackendKind } from '../model/backend.ts'
import type { Judging } from '../model/config.ts'
import { HarnessError, ScenarioUnavailable } from '../model/errors.ts'
import type { Expectation, ScenarioRun } from '../model/run-record.ts'
import { ONLY_CASE, type Phase, type RunKey, type Scenario, type Variant } from '../model/scenario.ts'
import type { Shelf } from '../model/shelf.ts'
import { IDLE_TIMEOUT_MS } from '../session/judge-program.ts'
import { playPlot } from '../session/plot.ts'
import { prove } from '../session/proof.ts'
import { realClock } from '../session/real-clock.ts'
import { resolveOptions } from '../session/resolve-options.ts'
import { sample } from '../session/timeline.ts'
import { limitDescriptors } from '../subjects/descriptor-limit.ts'
import { startNodeChild } from '../subjects/node-child.ts'
import type { WorkOutcome } from '../subjects/subject.ts'
import { withoutUrlSecrets } from './command-text.ts'
import { disagreements } from './expectation.ts'
import { summarizeLatency } from './latency.ts'
import { lintVariant, withLint } from './lint-variant.ts'
import { driveLoad, type LoadOutcome } from './load.ts'
import { runProgram } from './run-program.ts'

export interface RunRequest {
  readonly scenario: Scenario
  /** The module it is the default export of. */
  readonly file: string
  /** How the user's configuration wants their own scenario judged. */
  readonly own?: Judging
  readonly key: RunKey
  readonly url: string | null
  readonly iterations: number
  readonly workTimeoutMs: number
  readonly idleTimeoutMs: number | null
  readonly runId: string
  readonly shelf: Shelf
  readonly signal: AbortSignal
  /** Waits for a lane; the returned function gives it back, and may be called more than once. */
  readonly takeLane: (what: 'start' | 'work') => Promise<() => void>
  readonly onPhase: (phase: Phase, detail: string | null) => void
}

/** In scenarios hung is decided by evidence, not by patience (product.md). */
const STALL_MS = 2_000
const SAMPLE_MS = 100
const CHILD_ENTRY = new URL(`./child${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/**
 * Runs and judges one variant. Everything it started is gone when it returns.
 * @throws {HarnessError} when the backend or the child does not start; BackendUnavailable when this machine has no such backend.
 */
export async function runVariant(request: RunRequest): Promise<ScenarioRun> {
  const { scenario, key, signal, onPhase, takeLane } = request
  const startedMs = realClock.nowMs()
  const variant = variantOf(scenario, key)
  if (variant.program !== undefined) return runProgram(request, variant)
  onPhase('waiting', null)
  const leaveLane = await takeLane('start')
  const started = await startBoth(request).finally(leaveLane)
  await using backend = started.backend
  await using child = started.child
  if (signal.aborted) throw new HarnessError('INTERRUPTED', 'interrupted')

  const { allow, ...judging } = request.own ?? {}
  const workTimeoutMs = variant.workTimeoutMs ?? request.workTimeoutMs
  const contract = { idleTimeoutMs: idleTimeoutOf(request), iterations: request.iterations, workTimeoutMs, signal }
  const { limits, judgeLimits } = scenario
  const lint = lintVariant(variant)
  const options = resolveOptions({ stallMs: STALL_MS, ...judging, ...contract, ...(limits === null ? {} : { limits }), judgeLimits }, allow)
  using sampler = sample(child, realClock, SAMPLE_MS)
  const { load } = variant
  const isJudged = new AbortController()
  let loading: Promise<LoadOutcome> | null = null
  const drive = async (): Promise<WorkOutcome> => {
    if (load === undefined || child.serviceOrigin === null) return { type: 'done' }
    loading = driveLoad(child.serviceOrigin, load, isJudged.signal)
    return (await loading).outcome
  }
  const played = playPlot(child, options, {
    clock: realClock,
    cwd: process.cwd(),
    takeLane: () => takeLane('work'),
    onPhase: (phase) => {
      sampler.mark(phase)
      onPhase(phase, null)
    },
    onlyWaits: child.onlyWaits,
    peak: sampler.peak,
    wouldExit: child.wouldExit,
    ...(backend === null ? {} : { countPeers: () => backend.count() }),
    ...(load === undefined ? {} : { drive }),
  })
  // A load whose requests are never answered would go on for as long as its own timeouts say.
  const { diagnosis: seen, baseline, page, lifelines } = await played.finally(() => isJudged.abort())
  const diagnosis = withLint(seen, lint)
  refuseIfUnavailable(diagnosis.workError)
  const loadLatency = (await (loading as Promise<LoadOutcome> | null))?.latencyMs ?? null
  const timeline = sampler.timeline(lifelines)
  sampler[Symbol.dispose]()
  const isLeaked = diagnosis.verdict === 'leaked' && !signal.aborted
  if (isLeaked) onPhase('proof', null)
  const wasBlocked = page?.requests.some(({ phase, givenUpMs }) => phase === 'queued' && givenUpMs === null) === true
  const proof = isLeaked ? await prove(child, realClock, options, baseline, wasBlocked) : null

  const { expects } = variant
  const notes = [...disagreements(diagnosis, expects), ...diagnosis.missing]
  const { workError, missing: _missing, ...shared } = diagnosis
  return {
    ...shared,
    scenario: scenario.name,
    case: key.case,
    variant: key.variant,
    layer: scenario.layer,
    client: scenario.client,
    backend: key.backend,
    profile: scenario.limits,
    expected: expects,
    // Work that throws has not done what it is there for, whatever was left open.
    asExpected: disagreements(diagnosis, expects).length === 0 && (workError === undefined || expects.verdict !== 'clean'),
    measured: await child.measured(),
    notes: workError === undefined ? notes : [...notes, `the work threw: ${firstLine(workError)}`],
    proof,
    latencyMs: loadLatency ?? summarizeLatency(page?.durationsMs ?? []),
    timeline,
    workError: workError === undefined ? null : firstLine(workError),
    durationMs: Math.round(realClock.nowMs() - startedMs),
  }
}

/** The work's own word that this machine cannot run it: a package is missing. Of an error that crossed a process its name and its text are left. */
function refuseIfUnavailable(workError: unknown): void {
  if (!(workError instanceof Error) || workError.name !== 'ScenarioUnavailable') return
  const [reason = '', remedy = ''] = workError.message.split('\n  remedy: ')
  throw new ScenarioUnavailable(reason, remedy)
}

/** An error of fetch tells the whole URL: neither its credentials nor its query are for a report. */
export const firstLine = (error: unknown): string => withoutUrlSecrets(String(error).split('\n', 1)[0] ?? '')

export function variantOf(scenario: Scenario, key: RunKey): Variant & { readonly expects: Expectation } {
  const variant = scenario.cases[key.case ?? ONLY_CASE]?.[key.variant]
  if (variant === undefined) throw new HarnessError('UNKNOWN_SCENARIO', `scenario ${scenario.name} has no ${key.variant} variant`)
  return variant
}

/** What was asked for, else the variant's or the scenario's own word, else the configuration's, ms. */
export function idleTimeoutOf({
  idleTimeoutMs,
  scenario,
  key,
  own,
}: Pick<RunRequest, 'idleTimeoutMs' | 'scenario' | 'key' | 'own'>): number {
  return idleTimeoutMs ?? variantOf(scenario, key).idleTimeoutMs ?? scenario.idleTimeoutMs ?? own?.idleTimeoutMs ?? IDLE_TIMEOUT_MS
}

async function startBoth(request: RunRequest) {
  const { scenario, key, runId, file, own, onPhase } = request
  onPhase('backend', key.backend)
  const backend = key.backend === null ? null : await startBackend(request, key.backend, request)
  try {
    onPhase('baseline', null)
    const { variant } = key
    const orders = { file, case: key.case ?? ONLY_CASE, variant, backend: backend?.address ?? null, level: own?.level ?? 'full' }
    const child = await startNodeChild({ entry: CHILD_ENTRY, orders, runId, clock: realClock, signal: request.signal })
    try {
      // Once it stands: Node itself raises its soft limit when it starts.
      if (scenario.descriptorLimit !== null) await limitDescriptors(child.pid, scenario.descriptorLimit)
      return { backend, child }
    } catch (error) {
      await child[Symbol.asyncDispose]()
      throw error
    }
  } catch (error) {
    await backend?.[Symbol.asyncDispose]()
    throw error
  }
}

type BackendRequest = Pick<RunRequest, 'runId' | 'shelf' | 'signal' | 'url' | 'onPhase'>

export async function startBackend(
  { scenario, key }: Pick<RunRequest, 'scenario' | 'key'>,
  kind: BackendKind,
  { runId, shelf, signal, url, onPhase }: BackendRequest,
): Promise<Backend | null> {
  const spec = variantOf(scenario, key).backend ?? scenario.backend
  if (spec === null) return null
  const onProgress = (message: string): void => onPhase('backend', message)
  return spec.start(kind, { runId, shelf, signal, onProgress, ...(url === null ? {} : { url }) })
}

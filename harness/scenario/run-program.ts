/** One cell of the matrix whose subject is a program of another runtime: a backend, the program, what the kernel shows of it. */
import type { Backend } from '../model/backend.ts'
import { HarnessError } from '../model/errors.ts'
import type { Expectation, ScenarioRun } from '../model/run-record.ts'
import type { ForeignProgram, Variant } from '../model/scenario.ts'
import { realClock } from '../session/real-clock.ts'
import { sample } from '../session/timeline.ts'
import { type WorkEnd, watchForeign } from '../session/watch-foreign.ts'
import { type Executed, startExecuted } from '../subjects/exec-child.ts'
import { withGoroutines } from '../subjects/prometheus.ts'
import { newRunId } from '../subjects/run-id.ts'
import { withoutUrlSecrets } from './command-text.ts'
import { disagreements } from './expectation.ts'
import { idleTimeoutOf, type RunRequest, startBackend } from './run.ts'

interface Counted {
  readonly sent: number
  readonly ok: number
  readonly failed: number
}

/** A look at a tree of processes walks all of /proc. */
const SAMPLE_MS = 500

/** @throws {HarnessError} when backend or program do not start; ScenarioUnavailable when this machine has no such runtime. */
export async function runProgram(request: RunRequest, variant: Variant): Promise<ScenarioRun> {
  const { key, signal, onPhase, takeLane } = request
  const startedMs = realClock.nowMs()
  onPhase('waiting', null)
  const leaveLane = await takeLane('start')
  onPhase('backend', key.backend)
  const started = key.backend === null ? Promise.resolve(null) : startBackend(request, key.backend, request)
  await using backend = await started.finally(leaveLane)
  // Outside any lane: a build takes its time, and is there the next time.
  onPhase('baseline', 'making the program')
  const program = await programOf(variant, backend, signal)
  const leaveWork = await takeLane('work')
  const said = listenTo()
  const { command, args, env = {}, input = '' } = program
  const running = startExecuted({
    command,
    args,
    env,
    cwd: process.cwd(),
    // Its own: what it leaves is swept by this id, and the run's is also that of the other subjects and the backends.
    runId: newRunId(),
    preload: [],
    stdout: 'stderr',
    talk: { input, onLine: said.onLine },
    clock: realClock,
    signal,
  })
  await using child = await running.catch((error: unknown) => {
    leaveWork()
    throw error
  })
  onPhase('work', null)
  using sampler = sample(child, realClock, SAMPLE_MS)
  sampler.mark('work')
  const before = await requestsOf(backend)
  const watched = await watchForeign({
    subject: withGoroutines(child.outside, () => goroutinesUrl(program, child), realClock.nowMs),
    workEnd: () => said.workEnd(child),
    rules: {
      deadlineMs: idleTimeoutOf(request),
      isContract: true,
      isFromStart: true,
      shownIdleMs: null,
      allow: request.own?.allow ?? [],
      budget: {},
    },
    workTimeoutMs: Math.min(request.workTimeoutMs, variant.workTimeoutMs ?? request.workTimeoutMs),
    clock: realClock,
    signal,
    onWorkEnd: () => {
      leaveWork()
      sampler.mark('quiesce')
      onPhase('quiesce', null)
    },
    onLook: () => {},
  }).finally(leaveWork)
  const reached = (await requestsOf(backend)) - before
  return asRun(request, variant.expects, {
    watched,
    timeline: sampler.timeline(),
    // What it says itself; one that never came to an end has what reached the backend.
    requests: said.counted() ?? { sent: reached, ok: reached, failed: 0 },
    workError: said.error(child),
    durationMs: Math.round(realClock.nowMs() - startedMs),
  })
}

async function programOf({ program }: Variant, backend: Backend | null, signal: AbortSignal): Promise<ForeignProgram> {
  if (program === undefined) throw new Error('a variant with a program has one')
  if (backend === null) throw new HarnessError('INVALID_SCENARIO', 'a program needs a backend', 'add `backend: s3Backend({ ... })`')
  return program(backend.address, signal)
}

async function requestsOf(backend: Backend | null): Promise<number> {
  const counts = (await backend?.count().catch(() => [])) ?? []
  return Math.max(0, ...counts.flatMap(({ requests }) => requests ?? []))
}

/** At the loopback port it listens on, as soon as it does. */
async function goroutinesUrl({ goroutines }: ForeignProgram, child: Executed): Promise<URL | null> {
  if (goroutines === undefined) return null
  const { sockets } = await child.census()
  const listener = sockets?.find(({ role, local }) => role === 'listener' && local.address === '127.0.0.1')
  return listener === undefined ? null : new URL(goroutines, `http://127.0.0.1:${listener.local.port}`)
}

/** Reads what the program says: one line of JSON when its work is done, and its last words on stderr. */
function listenTo() {
  let counted: Counted | null = null
  let lastWords = ''
  return {
    onLine(stream: 'stdout' | 'stderr', line: string): void {
      if (stream === 'stderr') lastWords = line.trim() === '' ? lastWords : line
      else counted ??= countsIn(line)
    },
    counted: () => counted,
    workEnd(child: Executed): WorkEnd {
      const ending = child.ending()
      if (ending !== null) return { type: 'ended', error: this.error(child) }
      return counted === null ? { type: 'at work' } : { type: 'done' }
    },
    error(child: Executed): string | null {
      const ending = child.ending()
      if (ending === null || ending.code === 0) return null
      const how = ending.signal === null ? `ended with code ${ending.code}` : `was ended by ${ending.signal}`
      return withoutUrlSecrets(`the program ${how}${lastWords === '' ? '' : `: ${lastWords}`}`)
    },
  }
}

function countsIn(line: string): Counted | null {
  if (!line.startsWith('{')) return null
  try {
    const { work, sent, ok, failed } = JSON.parse(line) as Partial<Counted> & { work?: unknown }
    return work === 'done' ? { sent: Number(sent), ok: Number(ok), failed: Number(failed) } : null
  } catch {
    return null
  }
}

interface Played {
  readonly watched: Awaited<ReturnType<typeof watchForeign>>
  readonly timeline: ScenarioRun['timeline']
  readonly requests: Counted
  readonly workError: string | null
  readonly durationMs: number
}

function asRun({ scenario, key }: RunRequest, expects: Expectation, played: Played): ScenarioRun {
  const { judgement, returnedToBaselineMs } = played.watched
  const { workError: _none, missing, ...diagnosis } = judgement.diagnosis
  const disagreeing = disagreements(judgement.diagnosis, expects)
  return {
    ...diagnosis,
    returnedToBaselineMs,
    requests: played.requests,
    scenario: scenario.name,
    case: key.case,
    variant: key.variant,
    layer: scenario.layer,
    client: scenario.client,
    backend: key.backend,
    profile: scenario.limits,
    expected: expects,
    asExpected: disagreeing.length === 0 && played.workError === null,
    notes: [...disagreeing, ...missing, ...(played.workError === null ? [] : [`the work threw: ${played.workError}`])],
    measured: judgement.notes,
    proof: null,
    latencyMs: null,
    timeline: played.timeline,
    workError: played.workError,
    durationMs: played.durationMs,
  }
}

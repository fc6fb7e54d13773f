/**
 * INT, TERM and KILL at random moments of a real run: after the next start nothing of it is left, and the report of what was judged exists.
 * WATERTIGHT_KILLS is how often (in the suite a handful), WATERTIGHT_KILL_SEED has the moments of an earlier time again. Longer than most, because it is one story.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, onTestFinished, test } from 'vitest'
import { pingEngine } from '../../../fixtures/containers/engine.ts'
import { callEngine } from '../../../fixtures/containers/engine-http.ts'
import { RUN_LABEL } from '../../../fixtures/containers/names.ts'
import type { RunRecord } from '../../model/run-record.ts'
import { EXIT_CODE_OF_SIGNAL } from './io.ts'
import { runOfJournal } from './journal-text.ts'

const BIN = fileURLToPath(new URL('bin.ts', import.meta.url))
const SCHEMA = JSON.parse(readFileSync(new URL('../../../reports/schema/run.schema.json', import.meta.url), 'utf8'))
const SIGNALS = ['SIGKILL', 'SIGINT', 'SIGTERM'] as const

const { WATERTIGHT_KILLS, WATERTIGHT_KILL_SEED, WATERTIGHT_TEST_MINIO_BIN } = process.env
const isThorough = WATERTIGHT_KILLS !== undefined
const rounds = Number(WATERTIGHT_KILLS ?? 6)
const SCENARIOS = ['article-batch-copy', 'hang-versus-leak', ...(isThorough ? ['gateway-leaks-5-percent'] : [])]
/** What a moment counts from, by its line on stderr: however busy the machine is, all of a run is met. */
const ANCHORS = { 'the start': /^/, 'the plan': /^\d+ runs of /m, 'the first verdict': /^\[1\/\d+\] /m } as const
type Anchor = keyof typeof ANCHORS
/** The longest a signal waits after that. */
const LATEST_MS = isThorough ? 8_000 : 1_500
const seed = Number(WATERTIGHT_KILL_SEED ?? Math.floor(Math.random() * 2 ** 32))
/** What is told to stop has so long, what was killed so long to be gone. */
const STOP_LIMIT_MS = 30_000
const GONE_LIMIT_MS = 10_000

/** Mulberry32: 32 bits of state are enough to choose moments, and a seed that fits a terminal line. */
function randomFrom(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface World {
  readonly output: string
  readonly temporary: string
  readonly cwd: string
}

interface Start {
  readonly child: ChildProcess
  readonly pid: number
  /** All of stderr so far. */
  stderr(): string
  /** Resolves when stderr has come so far, or it has ended. */
  reached(anchor: Anchor): Promise<void>
  readonly exited: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>
}

/** With MinIO when it is thorough: as a binary and in a container in turn, where they are to be had. */
function start(world: World, round: number): Start {
  const backend = isThorough ? [] : ['--backend', 'embedded']
  const binary = WATERTIGHT_TEST_MINIO_BIN !== undefined && round % 2 === 0 ? { WATERTIGHT_MINIO_BIN: WATERTIGHT_TEST_MINIO_BIN } : {}
  const child = spawn(process.execPath, [BIN, 'run', ...SCENARIOS, ...backend, '--reporter', 'json', '--output', world.output], {
    cwd: world.cwd,
    // A group of its own, so that Ctrl-C can be sent as a terminal sends it: to all of them.
    detached: true,
    env: { ...process.env, NODE_OPTIONS: '', TMPDIR: world.temporary, ...binary },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  // not 'exit', which may come before the last of stderr
  const exited = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  async function reached(anchor: Anchor): Promise<void> {
    while (!ANCHORS[anchor].test(stderr)) {
      const more = child.stderr === null ? exited : Promise.race([once(child.stderr, 'data'), exited])
      if ((await more).length === 2) return
    }
  }
  return { child, pid: child.pid ?? 0, stderr: () => stderr, reached, exited }
}

async function elapsed(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

/** Processes that were started with the id of a run of this runner. */
function processesOf(runner: number): readonly string[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === runner) return []
    try {
      const environment = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0')
      if (!environment.some((each) => each.startsWith(`WATERTIGHT_RUN_ID=${runner}.`))) return []
      return [`process ${name}: ${readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')}`]
    } catch {
      return []
    }
  })
}

async function containersOf(runner: number): Promise<readonly string[]> {
  const engine = await pingEngine()
  if (!engine.ok) return []
  const filter = encodeURIComponent(JSON.stringify({ label: [RUN_LABEL] }))
  const { body } = await callEngine(engine.address, 'GET', `/containers/json?all=true&filters=${filter}`)
  const all = JSON.parse(body.toString('utf8')) as readonly { readonly Id: string; readonly Labels: Readonly<Record<string, string>> }[]
  return all.filter(({ Labels }) => Labels[RUN_LABEL]?.startsWith(`${runner}.`)).map(({ Id }) => `container ${Id.slice(0, 12)}`)
}

const namesIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : [])

/** All there is of a runner that has gone; a listening port needs one of these processes or containers. */
async function leftOf(runner: number, { output, temporary }: World): Promise<readonly string[]> {
  const files = [output, temporary].flatMap((folder) => namesIn(folder).map((name) => join(folder, name)))
  return [...processesOf(runner), ...(await containersOf(runner)), ...files.filter((file) => file.includes(`${runner}.`))]
}

/** What was killed needs a moment to be gone. */
async function leftInTheEnd(runner: number, world: World): Promise<readonly string[]> {
  const untilMs = performance.now() + GONE_LIMIT_MS
  for (;;) {
    const left = await leftOf(runner, world)
    if (left.length === 0 || performance.now() > untilMs) return left
    await elapsed(50)
  }
}

const validate = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile<RunRecord>(SCHEMA)

function readReport(file: string, about: string): RunRecord {
  const record: unknown = JSON.parse(readFileSync(file, 'utf8'))
  validate(record)
  expect(validate.errors ?? [], about).toEqual([])
  return record as RunRecord
}

/** What a run that has gone told of itself. */
interface Told {
  readonly pid: number
  readonly about: string
  /** Lines on stderr that say a verdict. */
  readonly judged: number
  /** The file its report has, or will have after the next start; null: it was ended before it had planned anything. */
  readonly report: string | null
}

/** Sends the signal, waits for the end and looks at what was left there and then. */
async function end(started: Start, signal: (typeof SIGNALS)[number], world: World, about: string, sinceMs: number): Promise<Told> {
  const { pid } = started
  const wasPlanned = ANCHORS['the plan'].test(started.stderr())
  try {
    process.kill(signal === 'SIGINT' ? -pid : pid, signal)
  } catch {
    // ended by itself: as good an end as any
  }
  const inTime = new AbortController()
  const late = after(STOP_LIMIT_MS, undefined, { signal: inTime.signal }).then(() =>
    expect.unreachable(`${about}: still there after ${STOP_LIMIT_MS} ms: ${started.stderr()}`),
  )
  const [code, by] = await Promise.race([started.exited, late])
  inTime.abort()
  late.catch(() => {})
  const judged = started.stderr().match(/^\[\d+\/\d+\] /gm)?.length ?? 0
  const runJson = join(world.output, 'run.json')
  const isReported = existsSync(runJson) && statSync(runJson).mtimeMs >= sinceMs
  if (signal === 'SIGKILL' && by === 'SIGKILL') {
    const runId = namesIn(world.output)
      .map(runOfJournal)
      .find((each) => each?.startsWith(`${pid}.`))
    if (runId != null) return { pid, about, judged, report: runId.slice(-6) }
    // killed between the removal of its journal and its end, or before it began one
    expect(isReported || !wasPlanned, `${about}: neither journal nor report\n${started.stderr()}`).toBe(true)
    return { pid, about, judged, report: isReported ? runJson : null }
  }
  // Before it listens for signals it has started nothing; afterwards all is done.
  const isEarlyOrLate = by === signal && (!wasPlanned || isReported)
  const isOwnEnd = code === 0 || code === 1
  const isAsked = code === EXIT_CODE_OF_SIGNAL[signal as 'SIGINT']
  expect(isEarlyOrLate || isOwnEnd || isAsked, `${about}: ended with ${code ?? by}\n${started.stderr()}`).toBe(true)
  expect(await leftInTheEnd(pid, world), `${about}: left at once`).toEqual([])
  return { pid, about, judged, report: wasPlanned ? runJson : null }
}

/** After a start: nothing is left of those that went before it, and their reports exist. */
async function expectTidied(gone: readonly Told[], world: World): Promise<void> {
  for (const { pid, about, judged, report } of gone) {
    expect(await leftInTheEnd(pid, world), `${about}: left after the next start`).toEqual([])
    if (report === null) continue
    const file = report.endsWith('run.json') ? report : readdirSync(world.output).find((name) => name.endsWith(`-${report}.json`))
    expect(file, `${about}: no report in ${readdirSync(world.output)}`).toBeDefined()
    const { runs, skipped } = readReport(file === report ? file : join(world.output, file ?? ''), about)
    // The journal is written before the line on stderr: a kill between the two leaves one more.
    expect([judged, judged + 1], `${about}: runs in its report`).toContain(runs.length)
    const planned = new Set([...runs, ...skipped].map((run) => JSON.stringify([run.scenario, run.case, run.variant, run.backend])))
    expect(planned.size, `${about}: judged and not run, together all`).toBe(runs.length + skipped.length)
    expect(new Set([...runs, ...skipped].map(({ scenario }) => scenario)), about).toEqual(new Set(SCENARIOS))
  }
}

test.runIf(process.platform === 'linux')(
  `a run that is ended at any moment leaves nothing behind after the next start, and the report of what it judged (${rounds} times, seed ${seed})`,
  { timeout: 60_000 + rounds * (LATEST_MS + 2 * STOP_LIMIT_MS) },
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'watertight-killed-test-'))
    const temporary = mkdtempSync(join(root, 'tmp-'))
    const world: World = { output: join(root, 'out'), temporary, cwd: root }
    let running: Start | null = null
    onTestFinished(() => {
      running?.child.kill('SIGKILL')
      rmSync(root, { recursive: true, force: true })
    })
    const random = randomFrom(seed)
    let gone: Told[] = []
    for (let round = 0; round < rounds; round += 1) {
      const signal = SIGNALS[round % SIGNALS.length] ?? 'SIGKILL'
      const anchors = Object.keys(ANCHORS) as Anchor[]
      // the first kill has something to lose
      const anchor = round === 0 ? 'the first verdict' : (anchors[Math.floor(random() * (isThorough ? 3 : 2))] ?? 'the start')
      const afterMs = Math.floor(random() * LATEST_MS)
      const about = `seed ${seed}, round ${round}, ${signal} ${afterMs} ms after ${anchor}`
      const sinceMs = Date.now()
      const each = start(world, round)
      running = each
      const moment = each.reached(anchor).then(() => elapsed(afterMs))
      // Each start is the next start of those before it: looked at as soon as it has swept, unless it is ended sooner.
      const isSwept = await Promise.race([each.reached('the plan').then(() => true), moment.then(() => false)])
      if (isSwept && each.child.exitCode === null) {
        await expectTidied(gone, world)
        gone = []
      }
      await Promise.race([moment, each.exited])
      gone.push(await end(each, signal, world, about, sinceMs))
      // run.json is that of the latest: what an earlier run wrote there must be read before the next one ends.
      const last = gone.at(-1)
      if (last?.report?.endsWith('run.json')) {
        await expectTidied([last], world)
        gone.pop()
      }
    }
    const each = start(world, 1)
    running = each
    await each.reached('the plan')
    await expectTidied(gone, world)
    const told = await end(each, 'SIGTERM', world, `seed ${seed}, the last one`, 0)
    await expectTidied([told], world)
    // Of the machine, not of a run: the mutex of all users of testcontainers, one empty file for ever, and Node's compile cache.
    const foreign = /^testcontainers-node-|^node-compile-cache$/
    expect(
      readdirSync(temporary).filter((name) => !foreign.test(name)),
      'in the temporary folder',
    ).toEqual([])
    expect(readdirSync(world.output).filter((name) => !/^run(-\d{8}T\d{6}-[0-9a-f]{6})?\.json$/.test(name))).toEqual([])
  },
)

/**
 * `npm run soak`: all embedded scenarios, both variants, again and again while every core is kept busy. Every run that is not as declared, or not as
 * in the first round, is printed with both records; exit code 1 if there is one. Leaves its record and Markdown in reports/out/soak.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, constants, loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'
import { startBurners } from './burners.ts'
import { type Difference, differences } from './soak-differences.ts'
import { differenceText, isSteady, type Round, roundText, type SoakRecord, soakMarkdown } from './soak-report.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BIN = join(ROOT, 'harness/doors/cli/bin.ts')
/** Lines kept of what a round says that could not be judged. */
const TAIL_LINES = 20

function wholeNumber(least: number, most: number): (given: string) => number {
  return (given) => {
    const value = /^\d+$/.test(given) ? Number(given) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`a whole number from ${least} to ${most}`)
  }
}

const program = new Command('npm run soak --')
  .description('Runs the scenarios again and again on a machine that is kept busy: not one verdict may differ. Some minutes a round.')
  .argument('[scenario...]', 'names, as `watertight list` shows them (default: all)')
  .option('--rounds <n>', 'how often', wholeNumber(1, 1_000), 20)
  .option('--burners <n>', 'how many processes keep the cores busy', wholeNumber(0, 256), availableParallelism())
  .option('--output <folder>', 'where soak.md and soak.json go', join(ROOT, 'reports/out/soak'))
  .parse()
const { rounds: asked, burners: burning, output } = program.opts<{ rounds: number; burners: number; output: string }>()
const folder = resolve(output)
mkdirSync(folder, { recursive: true })

const readSource = (file: string): string | null => {
  try {
    return readFileSync(resolve(ROOT, file), 'utf8')
  } catch {
    return null
  }
}

const stopping = new AbortController()
let stoppedBy: 'SIGINT' | 'SIGTERM' | null = null
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second one is for somebody who does not want to wait; the round ends with this process, and so do the burners.
    if (stoppedBy !== null) process.exit(128 + constants.signals[signal])
    stoppedBy = signal
    stopping.abort()
  })
}

/** One round in a process of its own, so that nothing is carried from one to the next. */
async function judgeRound(): Promise<{ readonly runs: readonly ScenarioRun[]; readonly failure: string | null }> {
  const words = ['run', ...program.args, '--backend', 'embedded', '--json', '--reporter', 'json', '--output', join(folder, 'round')]
  const child = spawn(process.execPath, [BIN, ...words], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  const interrupt = (): void => void child.kill('SIGTERM')
  stopping.signal.addEventListener('abort', interrupt)
  const [stdout, stderr, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  stopping.signal.removeEventListener('abort', interrupt)
  const tail = stderr.trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
  if (stdout === '') return { runs: [], failure: `NOT JUDGED, ${signal ?? `exit code ${code}`}: ${tail}` }
  return { runs: (JSON.parse(stdout) as RunRecord).runs, failure: null }
}

const rounds: Round[] = []
const found: Difference[] = []
let first: readonly ScenarioRun[] | null = null
const record = (): SoakRecord => ({
  schema: 'watertight/soak@1',
  environment: { node: process.version, platform: `${process.platform} ${process.arch}`, cpus: availableParallelism(), burners: burning },
  asked,
  rounds,
  differences: found,
})

function leaveReport(): void {
  writeFileSync(join(folder, 'soak.json'), `${JSON.stringify(record(), null, 2)}\n`)
  writeFileSync(join(folder, 'soak.md'), soakMarkdown(record(), readSource))
}

{
  await using burners = await startBurners(burning)
  process.on('exit', burners.kill)
  process.stderr.write(`${asked} rounds, while ${burning} processes keep ${availableParallelism()} cores busy\n`)
  for (let round = 1; round <= asked && !stopping.signal.aborted; round += 1) {
    const begunMs = performance.now()
    const { runs, failure } = await judgeRound()
    // A round that was cut short says nothing.
    if (stopping.signal.aborted) break
    if (failure === null) first ??= runs
    const differing = failure === null ? differences(round, runs, first ?? runs) : []
    found.push(...differing)
    const asExpected = runs.filter((run) => run.asExpected).length
    const wallMs = Math.round(performance.now() - begunMs)
    const judged = { round, runs: runs.length, asExpected, differences: differing.length, wallMs, load: loadavg()[0] ?? 0, failure }
    rounds.push(judged)
    process.stderr.write(`${roundText(judged, asked)}\n`)
    for (const difference of differing) process.stdout.write(`\n${differenceText(difference, readSource)}`)
    // After each round: whatever ends the soak, what was seen is there.
    leaveReport()
  }
}

leaveReport()
const [summary = ''] = soakMarkdown(record(), readSource).split('\n').slice(2)
process.stdout.write(`${summary.replaceAll('**', '')}\n`)
process.stderr.write(`written: ${join(folder, 'soak.md')}, ${join(folder, 'soak.json')}\n`)
process.exitCode = stoppedBy !== null ? 128 + constants.signals[stoppedBy] : isSteady({ rounds, differences: found }) ? 0 : 1

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { liveProcess } from '../../subjects/run-id.ts'

const BIN = fileURLToPath(new URL('bin.ts', import.meta.url))

/** Ends at once the first time; then it stays, and says who it is. */
const PROGRAM = `import { existsSync, writeFileSync } from 'node:fs'
if (existsSync('first')) {
  setInterval(() => {}, 60_000)
  console.log(String(process.pid))
} else writeFileSync('first', '')
`

function folder(): string {
  const cwd = mkdtempSync(join(tmpdir(), 'watertight-exec-journal-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  writeFileSync(join(cwd, 'app.mjs'), PROGRAM)
  writeFileSync(join(cwd, 'nothing.mjs'), '')
  return cwd
}

function exec(cwd: string, ...words: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const options = ['--reporter', 'json', '--output', 'out']
  const child = spawn(process.execPath, [BIN, 'exec', ...options, ...words], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

test('an exec that is interrupted between repetitions reports those that were judged, and names the rest', async () => {
  const cwd = folder()
  const child = exec(cwd, '--repeat', '3', '--', process.execPath, 'app.mjs')
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  expect(code, stderr).toBe(143)
  expect(stderr).toContain('INTERRUPTED by SIGTERM: 2 of 3 runs were judged\n')
  expect(readdirSync(join(cwd, 'out'))).toEqual(['run.json'])
  const { runs, skipped } = JSON.parse(readFileSync(join(cwd, 'out', 'run.json'), 'utf8'))
  expect(runs).toMatchObject([
    { case: 'run 1', verdict: 'clean' },
    { case: 'run 2', verdict: 'inconclusive' },
  ])
  expect(skipped).toMatchObject([
    { case: 'run 3', variant: null, backend: null, reason: 'interrupted by SIGTERM: 2 of 3 runs were judged' },
  ])
})

test.runIf(process.platform === 'linux')('an exec that is killed has its report, and its program is gone, after the next one', async () => {
  const cwd = folder()
  const killed = exec(cwd, '--repeat', '3', '--', process.execPath, 'app.mjs')
  const [pid] = await once(killed.stdout, 'data')
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  const next = exec(cwd, '--', process.execPath, 'nothing.mjs')
  const [stderr, [code]] = await Promise.all([text(next.stderr), once(next, 'close')])
  expect(code, stderr).toBe(0)
  expect(stderr).toMatch(/^a killed run, begun \S+, had judged 1 of 3: out\/run-\S+\.json$/m)
  expect(liveProcess(Number(String(pid)))).toBeNull()
  const [own = '', ...others] = readdirSync(join(cwd, 'out')).filter((name) => name !== 'run.json')
  expect(others).toEqual([])
  const { runs, skipped } = JSON.parse(readFileSync(join(cwd, 'out', own), 'utf8'))
  expect(runs).toMatchObject([{ case: 'run 1', verdict: 'clean' }])
  expect(skipped).toMatchObject([{ case: 'run 2' }, { case: 'run 3', reason: 'killed: 1 of 3 runs were judged' }])
})

test('an exec that is asked for no files leaves none', async () => {
  const cwd = folder()
  const child = spawn(process.execPath, [BIN, 'exec', '--repeat', '2', '--', process.execPath, 'nothing.mjs'], { cwd, stdio: 'ignore' })
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(readdirSync(cwd).toSorted()).toEqual(['app.mjs', 'nothing.mjs'])
})

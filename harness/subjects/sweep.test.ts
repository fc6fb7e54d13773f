import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isRunnerAlive, liveProcess, newRunId } from './run-id.ts'
import { sweepProcesses } from './sweep.ts'

/**
 * A runner that starts one child of its run and prints the child's pid and the run id. It dies with its stdin;
 * its stdout ends when both are gone, because the child holds it too.
 */
const RUNNER = `
  import { spawn } from 'node:child_process'
  import { newRunId } from ${JSON.stringify(new URL('./run-id.ts', import.meta.url).href)}
  const runId = newRunId()
  const child = spawn('sleep', ['1000'], { detached: true, stdio: ['ignore', 'inherit', 'ignore'], env: { ...process.env, WATERTIGHT_RUN_ID: runId } })
  console.log(child.pid + ' ' + runId)
  setInterval(() => {}, 1e6)`

async function startRunner() {
  const runner = spawn(process.execPath, ['--input-type=module', '-e', RUNNER], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(runner.stdout, 'data')
  const [pid, runId = ''] = String(line).trim().split(' ')
  const child = Number(pid)
  onTestFinished(() => {
    runner.kill('SIGKILL')
    if (liveProcess(child) !== null) process.kill(child, 'SIGKILL')
  })
  return { runner, child, runId, allGone: once(runner.stdout, 'end') }
}

async function kill(process: ChildProcess): Promise<void> {
  process.kill('SIGKILL')
  await once(process, 'exit')
}

/** Only runs of this test are ever taken for dead: others on this machine are none of our business. */
const onlyAmong =
  (...runIds: readonly string[]) =>
  (runId: string) =>
    !runIds.includes(runId) || isRunnerAlive(runId)

describe.runIf(process.platform === 'linux')('sweepProcesses', () => {
  it('kills what a killed runner left, and leaves the child of a live runner alone', async () => {
    const [dead, live] = await Promise.all([startRunner(), startRunner()])
    await kill(dead.runner)
    expect(liveProcess(dead.child)).not.toBeNull()
    expect(sweepProcesses(onlyAmong(dead.runId, live.runId))).toEqual([dead.child])
    await dead.allGone
    expect(liveProcess(live.child)).not.toBeNull()
    expect(sweepProcesses(onlyAmong(dead.runId, live.runId))).toEqual([])
  })

  it('sweeps nothing while every runner lives', async () => {
    const { child, runId } = await startRunner()
    expect(sweepProcesses(onlyAmong(runId))).toEqual([])
    expect(liveProcess(child)).not.toBeNull()
  })

  it('leaves a process alone whose environment only mentions a dead run', async () => {
    const { runner, runId, child } = await startRunner()
    await kill(runner)
    const bystander = spawn('sleep', ['1000'], {
      env: { PATH: process.env.PATH, NOTE: `WATERTIGHT_RUN_ID=${runId}`, MY_WATERTIGHT_RUN_ID: runId },
    })
    onTestFinished(() => void bystander.kill('SIGKILL'))
    expect(sweepProcesses(onlyAmong(runId))).toEqual([child])
    expect(liveProcess(bystander.pid ?? 0)).not.toBeNull()
  })

  it('does not touch a process that ended while it was being judged', async () => {
    const { runner, runId, child } = await startRunner()
    runner.kill('SIGSTOP') // so that nobody reaps the child: its pid stays taken, by a zombie
    const killed = sweepProcesses((asked) => {
      if (asked !== runId) return true
      process.kill(child, 'SIGKILL')
      while (liveProcess(child) !== null) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
      return false
    })
    expect(killed).toEqual([])
  })

  it('spares itself and its ancestors, whatever run they belong to', async () => {
    const { runner, runId, child } = await startRunner()
    await kill(runner)
    // A shell and a sweeper below it, both with the id of the dead run.
    const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
    const sweeper = `const { sweepProcesses } = await import(${module('./sweep.ts')})
      console.log(JSON.stringify(sweepProcesses((runId) => runId !== ${JSON.stringify(runId)})))`
    const shell = spawnSync('sh', ['-c', '"$0" --input-type=module -e "$1"; echo shell $?', process.execPath, sweeper], {
      env: { ...process.env, WATERTIGHT_RUN_ID: runId },
      encoding: 'utf8',
    })
    expect(shell.stdout).toBe(`[${child}]\nshell 0\n`)
  })

  const canUnshare = spawnSync('unshare', ['-pf', '--mount-proc', 'true']).status === 0
  it.runIf(canUnshare)('leaves other pid namespaces alone, where the same pid is another runner', async () => {
    const runId = `4194304.1.${newRunId().split('.')[2]}`
    const program = `export WATERTIGHT_RUN_ID=${runId}; exec sh -c 'echo up; sleep 1000'`
    const namespace = spawn('unshare', ['-pf', '--kill-child', 'sh', '-c', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void namespace.kill('SIGKILL'))
    await once(namespace.stdout, 'data')
    expect(isRunnerAlive(runId)).toBe(false)
    expect(sweepProcesses(onlyAmong(runId))).toEqual([])
  })
})

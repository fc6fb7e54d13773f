import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isRunnerAlive, liveProcess, newRunId } from './run-id.ts'

describe.runIf(process.platform === 'linux')('a run id', () => {
  it('names the runner by pid and start time, and is new each time', () => {
    const runId = newRunId()
    expect(runId).toMatch(new RegExp(`^${process.pid}\\.${liveProcess(process.pid)?.startTicks}\\.[0-9a-f]{12}$`))
    expect(newRunId()).not.toBe(runId)
  })

  it('is alive as long as its runner is', () => {
    expect(isRunnerAlive(newRunId())).toBe(true)
  })

  it('is dead when its pid belongs to another process by now', () => {
    expect(isRunnerAlive(`${process.pid}.1.abcdef`)).toBe(false)
  })

  it('is dead when its runner was killed, also before anyone has waited for it', async () => {
    const runner = spawn('sleep', ['1000'])
    onTestFinished(() => void runner.kill('SIGKILL'))
    const runId = `${runner.pid}.${liveProcess(runner.pid ?? 0)?.startTicks}.abcdef`
    expect(isRunnerAlive(runId)).toBe(true)
    runner.kill('SIGKILL')
    // Synchronous, so that Node cannot reap it meanwhile.
    while (isRunnerAlive(runId)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    process.kill(runner.pid ?? 0, 0) // a zombie still answers
    await once(runner, 'exit')
    expect(isRunnerAlive(runId)).toBe(false)
  })

  it('counts as alive in doubt', () => {
    for (const text of ['', 'x', '1', '0.1.abc', '-1.5.abc', `${process.pid}.0.abcdef`])
      expect([text, isRunnerAlive(text)]).toEqual([text, true])
  })

  it('is dead when nothing has its pid, even with an unknown start time', () => {
    // 4_194_304 is the kernel's highest pid_max (proc(5)): no process has it.
    expect(isRunnerAlive('4194304.0.abcdef')).toBe(false)
  })
})

describe.runIf(process.platform === 'linux')('liveProcess', () => {
  it('reads past a name with spaces and parentheses', async () => {
    const child = spawn(process.execPath, [
      '-e',
      "fs.writeFileSync('/proc/self/comm', 'a ) Z 1 (b'); console.log('named'); setInterval(() => {}, 1e6)",
    ])
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    expect(liveProcess(child.pid ?? 0)?.parent).toBe(process.pid)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(liveProcess(child.pid ?? 0)).toBeNull()
  })
})

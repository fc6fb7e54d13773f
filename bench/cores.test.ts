import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { coresOf, ownCores, pinnedTo } from './cores.ts'

it.each([
  ['0-1', { client: 0, server: 1 }],
  ['0-3,8', { client: 0, server: 8 }],
  ['4', null],
  ['2,5-7', { client: 2, server: 7 }],
])('of the cores %s the first and the last', (list, cores) => {
  expect(coresOf(list)).toEqual(cores)
})

it.runIf(ownCores() !== null)('a process that is started for a core stays on it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'watertight-cores-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const module = join(folder, 'says.cjs')
  writeFileSync(module, "process.send(/^Cpus_allowed_list:\\s*(.+)$/m.exec(require('fs').readFileSync('/proc/self/status', 'utf8'))[1])")
  const core = ownCores()?.server ?? -1
  const child = fork(module, { ...pinnedTo(core), stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const [[list]] = await Promise.all([once(child, 'message'), once(child, 'exit')])
  expect(list).toBe(String(core))
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test, vi } from 'vitest'
import type { Clock } from '../model/clock.ts'
import { startNodeChild } from './node-child.ts'
import { newRunId } from './run-id.ts'

const folder = mkdtempSync(join(tmpdir(), 'watertight-node-child-'))
afterAll(() => rmSync(folder, { recursive: true }))

const clock: Clock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
}

/** Speaks the protocol, and is blocked for so long by its first page and by each after it, without asking for a core. */
function slowChild(firstMs: number, laterMs: number): URL {
  const file = join(folder, `slow-${firstMs}-${laterMs}.mjs`)
  writeFileSync(
    file,
    `let pages = 0
     const block = (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
     process.on('message', ({ id, question }) => {
       if (question === 'page') block(pages++ === 0 ? ${firstMs} : ${laterMs})
       process.send({ id, answer: question === 'prepare' ? { serviceOrigin: null } : { atMs: pages } })
     })
     process.on('disconnect', () => process.exit(0))`,
  )
  return pathToFileURL(file)
}

test('a child that was blocked when it was asked once, and is slow ever after, is heard again', async () => {
  const orders = { file: '', case: '', variant: 'fixed', backend: null, level: 'full' } as const
  await using child = await startNodeChild({ entry: slowChild(2_300, 120), orders, runId: newRunId(), clock })
  expect(await child.page()).toBeNull()
  await vi.waitFor(async () => expect(await child.page()).not.toBeNull(), { timeout: 10_000, interval: 1 })
})

test('what is asked of a blocked child while another question waits is given up with that one', async () => {
  const orders = { file: '', case: '', variant: 'fixed', backend: null, level: 'full' } as const
  await using child = await startNodeChild({ entry: slowChild(6_000, 0), orders, runId: newRunId(), clock })
  const startedMs = performance.now()
  const first = child.page()
  await delay(1_500)
  const second = child.page()
  expect([await first, await second]).toEqual([null, null])
  expect(performance.now() - startedMs).toBeLessThan(3_000)
})

test('a child in TypeScript that was started once before is stripped of its types by nobody', async () => {
  const file = join(folder, 'typed.ts')
  writeFileSync(
    file,
    `import { flushCompileCache } from 'node:module'
     const strips: string[] = process.moduleLoadList.filter((name: string) => name.includes('amaro'))
     flushCompileCache()
     process.on('message', ({ id, question }: { id: number; question: string }) => {
       process.send?.({ id, answer: question === 'prepare' ? { serviceOrigin: null } : strips })
     })
     process.on('disconnect', () => process.exit(0))`,
  )
  const orders = { file, case: '', variant: 'fixed', backend: null, level: 'full' } as const
  const stripping: (readonly string[])[] = []
  for (let start = 0; start < 2; start += 1) {
    await using child = await startNodeChild({ entry: pathToFileURL(file), orders, runId: newRunId(), clock })
    stripping.push(await child.measured())
  }
  expect(stripping).toEqual([[expect.stringContaining('amaro')], []])
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test, vi } from 'vitest'
import type { Clock } from '../model/clock.ts'
import { type NodeChild, startNodeChild } from './node-child.ts'
import { newRunId } from './run-id.ts'

const folder = mkdtempSync(join(tmpdir(), 'watertight-node-child-'))
afterAll(() => rmSync(folder, { recursive: true }))

const clock: Clock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
}

const orders = { file: '', case: '', variant: 'fixed', backend: null, level: 'full' } as const
const start = (entry: URL): Promise<NodeChild> => startNodeChild({ entry, orders, runId: newRunId(), clock, signal: null })

/** Speaks the protocol, and is blocked for so long by each of its pages, the last time ever after, without asking for a core. */
function slowChild(...blockedMs: readonly number[]): URL {
  const file = join(folder, `slow-${blockedMs.join('-')}.mjs`)
  writeFileSync(
    file,
    `let pages = 0
     const block = (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
     process.on('message', ({ id, question }) => {
       if (question === 'page') block([${blockedMs}].at(Math.min(pages++, ${blockedMs.length - 1})))
       process.send({ id, answer: question === 'prepare' ? { serviceOrigin: null } : { atMs: pages } })
     })
     process.on('disconnect', () => process.exit(0))`,
  )
  return pathToFileURL(file)
}

test('a child that was blocked when it was asked once, and is slow ever after, is heard again', async () => {
  await using child = await start(slowChild(2_300, 120))
  expect(await child.page()).toBeNull()
  await vi.waitFor(async () => expect(await child.page()).not.toBeNull(), { timeout: 10_000, interval: 1 })
})

test('what is asked of a blocked child while another question waits is given up with that one', async () => {
  await using child = await start(slowChild(6_000, 0))
  const startedMs = performance.now()
  const first = child.page()
  await delay(1_500)
  const second = child.page()
  expect([await first, await second]).toEqual([null, null])
  expect(performance.now() - startedMs).toBeLessThan(3_000)
})

test('what a child answers begins the time of all that wait anew, whoever asks meanwhile', async () => {
  await using child = await start(slowChild(1_000, 1_500, 0))
  const first = child.page()
  await delay(100)
  const second = child.page()
  await first
  await delay(100)
  const third = child.page()
  expect([await second, await third]).toEqual([{ atMs: 2 }, { atMs: 3 }])
})

test('whoever asks a child that has hung up is told how it ended, and nobody else', async () => {
  const file = join(folder, 'hangs-up.mjs')
  writeFileSync(
    file,
    `process.on('message', ({ id, question }) => {
       process.send({ id, answer: { serviceOrigin: null } })
       if (question === 'beginWork') { process.disconnect(); setTimeout(() => process.exit(3), 300) }
     })`,
  )
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  try {
    await using child = await start(pathToFileURL(file))
    await child.beginWork(0)
    await delay(50)
    expect(await child.runWork(0)).toEqual({ type: 'exited', how: 'exit code 3' })
    expect(await child.page()).toBeNull()
    await delay(50)
  } finally {
    process.off('unhandledRejection', unhandled)
  }
  expect(unhandled).not.toHaveBeenCalled()
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
  const stripping: (readonly string[])[] = []
  for (let time = 0; time < 2; time += 1) {
    await using child = await start(pathToFileURL(file))
    stripping.push(await child.measured())
  }
  expect(stripping).toEqual([[expect.stringContaining('amaro')], []])
})

test('a child that has not loaded its file in time says what may keep it: the file waits for a child of its own', async () => {
  const file = join(folder, 'never-loaded.mjs')
  writeFileSync(file, "process.on('message', () => {})\nprocess.on('disconnect', () => process.exit(0))")
  const starts = startNodeChild({ entry: pathToFileURL(file), orders, runId: newRunId(), clock, signal: null, startTimeoutMs: 50 })
  await expect(starts).rejects.toMatchObject({
    code: 'SUBJECT_FAILED',
    what: expect.stringContaining('no answer to "prepare" in time'),
    remedy: expect.stringContaining(
      'call runScenario, and whatever else takes its time there, from another file, or only where process.send is undefined',
    ),
  })
})

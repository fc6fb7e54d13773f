/** What keeps a process busy beside its connections, each with the line that made it: one forgotten thing in each case. */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, unwatchFile, watch, watchFile, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { FindingCode, Work } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'

/** Far longer than anybody waits here: what is left is found by its being there, not by its going off. */
const LATE_MS = 600_000
const SOON_MS = 10

/** Uses something and closes it, or forgets to. */
type Use = (closes: boolean) => Promise<void>

/** A race against the clock: the clock goes on when the race is over. */
async function timer(closes: boolean): Promise<void> {
  let late: NodeJS.Timeout | undefined
  const timedOut = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error('took too long')), LATE_MS)
  })
  await Promise.race([nextTurn(), timedOut])
  if (closes) clearTimeout(late)
}

/** A heartbeat: it beats three times while the work goes on, and then for ever. */
async function interval(closes: boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    let beats = 0
    const heart = setInterval(() => {
      beats += 1
      if (beats < 3) return
      if (closes) clearInterval(heart)
      resolve()
    }, SOON_MS)
  })
}

/** A thread that has done its one task and waits for the next. */
async function worker(closes: boolean): Promise<void> {
  const source = "const { parentPort } = require('node:worker_threads'); parentPort.on('message', (n) => parentPort.postMessage(n * n))"
  const thread = new Worker(source, { eval: true })
  thread.postMessage(7)
  const [square] = await once(thread, 'message')
  if (square !== 49) throw new Error(`the worker says that 7 x 7 is ${square}`)
  if (closes) await thread.terminate()
}

/** A process that answers and waits for more; it ends when its stdin does, so it does not outlive this one. */
async function child(closes: boolean): Promise<void> {
  const echo = spawn(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)'])
  echo.stdin.write('anybody there?')
  const [said] = await once(echo.stdout, 'data')
  if (String(said) !== 'anybody there?') throw new Error(`the child said ${said}`)
  if (!closes) return
  echo.stdin.end()
  await once(echo, 'exit')
}

/** The kernel's way to watch a folder. */
async function fsWatcher(closes: boolean): Promise<void> {
  await inFolder(async (folder) => {
    const watcher = watch(folder)
    const changed = once(watcher, 'change')
    writeFileSync(join(folder, 'news'), 'something happened')
    await changed
    if (closes) watcher.close()
  })
}

/** The other way: to ask again and again. */
async function polledFile(closes: boolean): Promise<void> {
  await inFolder(async (folder) => {
    const file = join(folder, 'news')
    const news = new EventEmitter()
    watchFile(file, { interval: SOON_MS }, ({ size }) => news.emit(size === 0 ? 'missing' : 'there'))
    // The first call says that there is no such file; written any earlier, it would be what changes are compared with.
    await once(news, 'missing')
    writeFileSync(file, 'something happened')
    await once(news, 'there')
    if (closes) unwatchFile(file)
  })
}

/** A file keeps no process alive; it is a descriptor, and there are only so many. */
async function file(closes: boolean): Promise<void> {
  await inFolder(async (folder) => {
    const log = openSync(join(folder, 'log'), 'a+')
    writeSync(log, 'something happened')
    if (fstatSync(log).size === 0) throw new Error('nothing was written')
    if (closes) closeSync(log)
  })
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'watertight-watched-'))
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const forgets =
  (use: Use): Work =>
  () =>
    use(false)
const closes =
  (use: Use): Work =>
  () =>
    use(true)

const both = (use: Use, code: FindingCode) =>
  ({
    leaky: { work: forgets(use), expects: { verdict: 'leaked', codes: [code] } },
    fixed: { work: closes(use), expects: { verdict: 'clean' } },
  }) as const

export default defineScenario({
  name: 'timers-workers-watchers',
  layer: 'process',
  client: 'child',
  shows: 'timers, workers, watchers, children and files that were forgotten are named by the line that made them',
  cases: {
    timer: both(timer, 'TIMER_LEFT'),
    interval: both(interval, 'TIMER_LEFT'),
    worker: both(worker, 'WORKER_LEFT'),
    'fs.watch': both(fsWatcher, 'WATCHER_LEFT'),
    'fs.watchFile': both(polledFile, 'WATCHER_LEFT'),
    child: both(child, 'CHILD_LEFT'),
    file: both(file, 'FILE_LEFT_OPEN'),
  },
})

/** Beside the ledger's other tests that need probes: which files are open, opened where, and that the wrapped methods work as before. */
import { once } from 'node:events'
import fs, { closeSync, createReadStream, open, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open as openHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import { clientEyes } from '../probes/pools.ts'

const ME = import.meta.filename
let ledger: Ledger
beforeEach(() => {
  ledger = startLedger(clientEyes, 'full')
  ledger.beginWork(0)
})
afterEach(() => ledger.stop())

const files = () =>
  ledger
    .page()
    .handles.filter(({ type }) => type.startsWith('FILE'))
    .map(({ detail, descriptor, openedAt }) => ({ path: detail, descriptor, line: openedAt?.file === ME ? openedAt.line : null }))
/** The line of this file that holds this text. */
const lineOf = (text: string): number =>
  readFileSync(ME, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(text)) + 1

test('each way to open a file is known by its line, and forgotten when the file is closed', async () => {
  const bySync = openSync(ME, 'r') // by openSync
  const byPromisify = await promisify(open)(ME, 'r') // by promisify
  const byCallback = await new Promise<number>((resolve) => open(ME, 'r', (_, fd) => resolve(fd))) // by callback
  const handle = await openHandle(ME) // by handle
  const stream = createReadStream(ME) // by stream
  await once(stream, 'open')
  const [byStream] = files().flatMap(({ line, descriptor }) => (line === lineOf('// by stream') ? descriptor : []))
  expect(files()).toEqual([
    { path: ME, descriptor: bySync, line: lineOf('// by openSync') },
    { path: ME, descriptor: byPromisify, line: lineOf('// by promisify') },
    { path: ME, descriptor: byCallback, line: lineOf('// by callback') },
    { path: ME, descriptor: handle.fd, line: lineOf('// by handle') },
    { path: ME, descriptor: byStream, line: lineOf('// by stream') },
  ])
  closeSync(bySync)
  await promisify(fs.close)(byPromisify)
  await promisify(fs.close)(byCallback)
  await handle.close()
  stream.destroy()
  await once(stream, 'close')
  expect(files()).toEqual([])
})

test('a number that another file has got meanwhile is not the file that was opened', () => {
  const other = join(tmpdir(), `watertight-files-${process.pid}`)
  writeFileSync(other, '')
  const { openSync: unseen, closeSync: unseenClose } = untouched
  const fd = openSync(ME, 'r')
  unseenClose(fd)
  expect(unseen(other, 'r')).toBe(fd)
  expect(files()).toEqual([])
  unseenClose(fd)
  rmSync(other)
})

test('a file that was closed, and opened again by somebody unseen, is not the one that was opened', () => {
  const fd = openSync(ME, 'r')
  closeSync(fd)
  expect(untouched.openSync(ME, 'r')).toBe(fd)
  expect(files()).toEqual([])
  untouched.closeSync(fd)
})

test('what is read whole leaves nothing behind', async () => {
  await fs.promises.readFile(ME)
  await promisify(fs.readFile)(ME)
  for await (const _ of createReadStream(ME));
  expect(files()).toEqual([])
})

test('a warning that garbage collection closed a file is not believed of one that is still in reach', async () => {
  const handle = await openHandle(ME)
  process.emit('warning', new Error(`Closing file descriptor ${handle.fd} on garbage collection`))
  expect(ledger.page().handles.flatMap(({ type }) => (type.startsWith('FILE') ? type : []))).toEqual(['FILE'])
  await handle.close()
})

test('an error of open comes through as it was', async () => {
  const missing = join(ME, 'missing')
  expect(() => openSync(missing, 'r')).toThrow(/ENOTDIR/)
  await expect(openHandle(missing)).rejects.toThrow(/ENOTDIR/)
  await expect(promisify(open)(missing, 'r')).rejects.toThrow(/ENOTDIR/)
  // @ts-expect-error no callback
  expect(() => open(ME, 'r')).toThrow(/"cb" argument/)
})

test('the methods are the old ones again after stop, for ESM importers too', () => {
  expect(fs.openSync).not.toBe(untouched.openSync)
  expect(openSync).toBe(fs.openSync)
  ledger.stop()
  expect(fs.openSync).toBe(untouched.openSync)
  expect(openSync).toBe(untouched.openSync)
  expect([fs.open, fs.promises.open, fs.createReadStream, fs.close]).toEqual(untouched.all)
})

test('a wrapper that somebody kept notes nothing after stop', () => {
  const kept = fs.openSync
  ledger.stop()
  const fd = kept(ME, 'r')
  expect(files()).toEqual([])
  closeSync(fd)
})

const untouched = {
  openSync: fs.openSync,
  closeSync: fs.closeSync,
  all: [fs.open, fs.promises.open, fs.createReadStream, fs.close],
}

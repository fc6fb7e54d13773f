import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { common, stackThatStays } from './busy-at.ts'
import { type Inspector, InspectorUnavailable, openInspector, type Standing } from './inspector.ts'
import { kernelProbe } from './kernel/kernel-probe.ts'

const kernel = kernelProbe()
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A Node that has said that it begins. */
async function started(code: string): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', `process.debugPort = 0\n${code}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  if (child.stdout !== null) await once(child.stdout, 'data')
  return child.pid ?? 0
}

const listeners = (pid: number): number => kernel.look({ pid }).filter(({ role }) => role === 'listener').length

async function staysIn(code: string): Promise<string> {
  const pid = await started(code)
  await using inspector: Inspector = await openInspector(pid, kernel)
  return await stackThatStays(inspector)
}

test('a loop without an end is named by its function and line', async () => {
  expect(await staysIn(`function spin() {\n  let n = 0\n  for (;;) n += 1\n}\nconsole.log('begun')\nspin()`)).toMatch(
    /^ {4}at spin \(file:.*:4:/,
  )
})

test('a regular expression that backtracks for ever is named by the line that asks it', async () => {
  const code = `const check = (text) =>\n  /^(a+)+$/.test(text)\nconsole.log('begun')\ncheck('a'.repeat(40) + '!')`
  expect(await staysIn(code)).toMatch(/^ {4}at check \(file:.*:3:/)
})

test('an expression is evaluated in a process that takes no turn, and the port it opened is closed again', async () => {
  const pid = await started("globalThis.answer = 42\nconsole.log('begun')\nfor (;;);")
  const inspector = await openInspector(pid, kernel)
  expect(await inspector.evaluate('globalThis.answer')).toBe(42)
  expect(listeners(pid)).toBe(1)
  await inspector.close()
  expect(listeners(pid)).toBe(0)
})

test('processes that take no turn go on after they were looked into', async () => {
  for (let round = 0; round < 8; round += 1)
    await Promise.all(
      [1, 2, 3].map(async () => {
        const pid = await started("console.log('begun')\nfor (;;);")
        const inspector = await openInspector(pid, kernel)
        await inspector.evaluate('1')
        await inspector.close()
        // A look at a process that has ended throws.
        expect(listeners(pid)).toBe(0)
        process.kill(pid, 'SIGKILL')
      }),
    )
})

test('a process that is no Node is left alone', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  children.push(child)
  await once(child, 'spawn')
  await expect(openInspector(child.pid ?? 0, kernel)).rejects.toThrow(InspectorUnavailable)
  await expect(openInspector(child.pid ?? 0, kernel)).rejects.toThrow('it runs sleep, not node')
  expect(child.signalCode).toBe(null)
})

const standing = (name: string, line: number): Standing => ({ function: name, url: 'file:///app.js', line, column: 1, functionKey: name })

test('what returns between two looks is not what stays, and of a loop the line it was seen at most often is told', () => {
  const looks = [
    [standing('step', 1), standing('loop', 20), standing('main', 90)],
    [standing('other', 5), standing('loop', 21), standing('main', 90)],
    [standing('loop', 21), standing('main', 90)],
  ]
  expect(common(looks).map(({ function: name, line }) => `${name}:${line}`)).toEqual(['loop:21', 'main:90'])
  expect(common([])).toEqual([])
})

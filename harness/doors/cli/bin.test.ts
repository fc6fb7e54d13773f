import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'

const BIN = fileURLToPath(new URL('bin.ts', import.meta.url))
const DEFINE = new URL('../../scenario/define.ts', import.meta.url).href

/** The real program in a folder of its own. */
function start(...words: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  return startWith({}, ...words)
}

/** The same with files in it. */
function startWith(files: Readonly<Record<string, string>>, ...words: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const cwd = mkdtempSync(join(tmpdir(), 'watertight-bin-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content)
  const child = spawn(process.execPath, [BIN, ...words], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
    rmSync(cwd, { recursive: true, force: true })
  })
  return child
}

async function seen(stream: Readable, words: string): Promise<void> {
  let all = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    all += chunk
    if (all.includes(words)) return
  }
  throw new Error(`the stream ended without "${words}": ${all}`)
}

describe('the program', () => {
  test('ends with the code of the command, and prints only where it should', async () => {
    const child = start('run', '--json', '--variant', 'leeky')
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('did you mean --variant leaky?')
  })

  test('knows its scenarios', async () => {
    const child = start('list', '--json')
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout).scenarios.map((scenario: { readonly name: string }) => scenario.name)).toContain('article-batch-copy')
  })

  test.each([
    ['run', ['run', 'own', '--json', '--reporter', 'json'], 'watertight/run@1'],
    ['list', ['list', '--json'], 'watertight/list@1'],
    ['doctor', ['doctor', '--json'], 'watertight/doctor@1'],
    ['exec', ['exec', '--json', '--', process.execPath, '-e', '0'], 'watertight/run@1'],
  ] as const)('prints nothing but the document of %s --json, whatever the modules of the user print', async (_command, words, schema) => {
    const files = {
      'watertight.config.mjs': `console.log('a configuration that prints'); export default { scenarios: 'own.mjs' }`,
      'own.mjs': `import { stdout } from 'node:process'
        import { defineScenario } from '${DEFINE}'
        stdout.write('a scenario that prints\\n')
        export default defineScenario({ name: 'own', work() {} })`,
    }
    const child = startWith(files, ...words)
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    expect(JSON.parse(stdout)).toMatchObject({ schema })
    expect(stderr).toContain('a configuration that prints\n')
  })

  test.each([
    ['ends the process', 'process.exit(0)', 'ended the process while it was loaded'],
    ['waits for ever', 'await new Promise(() => {})', 'waited for what never comes while it was loaded'],
  ])('costs 3 and one clear line when the configuration %s', async (_how, configuration, says) => {
    const child = startWith({ 'watertight.config.mjs': configuration }, 'exec', '--', process.execPath, '-e', '0')
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    expect(code).toBe(3)
    expect(stderr).toMatch(new RegExp(`^watertight: watertight.config.mjs ${says}, so nothing was judged\n  remedy: .*\n$`))
  })

  test.runIf(process.platform === 'linux')('says that its working directory is gone', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'watertight-bin-'))
    const words = ['-c', 'rmdir "$1" && exec "$2" "$3" list', 'sh', cwd, process.execPath, BIN]
    const child = spawn('sh', words, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    expect({ code, lines: stderr.split('\n').length }, stderr).toEqual({ code: 3, lines: 3 })
    expect(stderr).toMatch(/^watertight: the working directory cannot be told: ENOENT/)
  })

  test('does not mind a reader that goes away', async () => {
    const child = start('run', '--help')
    child.stdout.destroy()
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'stops at %s in the middle of a scenario, says what was judged so far and exits %i',
    { timeout: 30_000 },
    async (signal, code) => {
      const child = start('run', 'article-batch-copy', '--backend', 'embedded')
      const stdout = text(child.stdout)
      await seen(child.stderr, '2 runs of 1 scenario on embedded\n')
      child.kill(signal)
      child.stderr.resume()
      expect(await once(child, 'close')).toEqual([code, null])
      expect(await stdout).toMatch(new RegExp(`^INTERRUPTED by ${signal}: [01] of 2 runs were judged\n`))
    },
  )
})

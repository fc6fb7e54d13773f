import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'

const BIN = fileURLToPath(new URL('bin.ts', import.meta.url))

/** The real program in a folder of its own. */
function start(...words: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const cwd = mkdtempSync(join(tmpdir(), 'watertight-bin-'))
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

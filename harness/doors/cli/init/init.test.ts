import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunRecord } from '../../../model/run-record.ts'
import { invoke } from '../fake-world.ts'

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const BIN = pathOf('../bin.ts')
const DOOR = pathOf('../../../index.ts')
const MODULES = pathOf('../../../../node_modules')
const SCENARIO = 'scenarios/my-service.ts'

describe('init', () => {
  test('writes a configuration and a scenario, and says how to run it', async () => {
    const { code, stdout, stderr, files } = await invoke(['init'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(Object.keys(files)).toEqual([SCENARIO, 'watertight.config.ts'])
    expect(stdout).toMatchInlineSnapshot(`
      "wrote  watertight.config.ts
      wrote  scenarios/my-service.ts

      next   npm install --save-dev watertight
             npx watertight run my-service
             then put your own service into it; the comments say where
      "
    `)
  })

  test.each(['watertight.config.ts', SCENARIO])('does not touch a %s that is there, and writes nothing else', async (name) => {
    const { code, stderr, files } = await invoke(['init'], { files: { [name]: '// mine' } })
    expect({ code, files }).toEqual({ code: 3, files: { [name]: '// mine' } })
    expect(stderr).toBe(`watertight: ${name} is there already, so nothing was written\n  remedy: --force overwrites\n`)
  })

  test('overwrites it when told to', async () => {
    const { code, files } = await invoke(['init', '--force'], { files: { [SCENARIO]: '// mine' } })
    expect(code).toBe(0)
    expect(files[SCENARIO]).toContain('defineScenario')
  })

  test.each(['watertight.config.mts', 'watertight.config.js', 'watertight.config.mjs'])(
    'writes no second configuration beside %s, not even when told to overwrite',
    async (name) => {
      const { code, stderr, files } = await invoke(['init', '--force'], { files: { [name]: '' } })
      expect({ code, files }).toEqual({ code: 3, files: { [name]: '' } })
      expect(stderr).toContain(`${name} is there already`)
    },
  )
})

describe('what init writes', () => {
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'watertight-init-'))
    // As `npm init -y` leaves it, and `npm install` of this package; the sources stand for what is built from them.
    writeFileSync(join(folder, 'package.json'), '{ "name": "mine", "type": "commonjs" }')
    mkdirSync(join(folder, 'package'))
    writeFileSync(
      join(folder, 'package/package.json'),
      '{ "name": "watertight", "version": "0.1.0", "type": "module", "exports": { ".": "./index.ts", "./package.json": "./package.json" } }',
    )
    writeFileSync(join(folder, 'package/index.ts'), `export * from '${DOOR}'`)
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync('../package', join(folder, 'node_modules/watertight'))
    symlinkSync(join(MODULES, '@types'), join(folder, 'node_modules/@types'))
    expect(await ask('init')).toMatchObject({ code: 0 })
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  async function ask(...words: readonly string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const child = spawn(process.execPath, [BIN, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code, stdout, stderr }
  }

  test('is listed beside what comes with watertight', async () => {
    const { stdout } = await ask('list', '--json')
    const names = JSON.parse(stdout).scenarios.map((scenario: { readonly name: string }) => scenario.name)
    expect(names).toEqual(expect.arrayContaining(['my-service', 'article-batch-copy']))
  })

  test('is what a run without names is about, and is clean', async () => {
    const { code, stdout, stderr } = await ask('run', '--json')
    const { runs } = JSON.parse(stdout) as RunRecord
    expect(runs).toMatchObject([{ scenario: 'my-service', verdict: 'clean', asExpected: true, requests: { sent: 200, ok: 200 } }])
    expect(code).toBe(0)
    expect(stderr).not.toContain('Warning')
  })

  test('leaks at its line when the lines its comment speaks of are deleted', async () => {
    const file = join(folder, SCENARIO)
    const whole = readFileSync(file, 'utf8')
    const leaky = whole.replace(/^ +let sizeBytes.*\n.*\n/m, '')
    writeFileSync(file, leaky)
    try {
      const { code, stdout } = await ask('run', 'my-service', '--json')
      const { runs } = JSON.parse(stdout) as RunRecord
      const line = leaky.split('\n').findIndex((each) => each.includes('await once(get(')) + 1
      expect(code).toBe(1)
      expect(runs[0]?.findings[0]).toMatchObject({ code: 'UNREAD_BODY', count: 200, openedAt: { file: SCENARIO, line } })
    } finally {
      writeFileSync(file, whole)
    }
  })

  test('passes the strictest TypeScript', async () => {
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noUnusedLocals: true,
      noUnusedParameters: true,
      verbatimModuleSyntax: true,
      erasableSyntaxOnly: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      noEmit: true,
      target: 'ES2023',
      lib: ['ES2023', 'ESNext.Disposable'],
      module: 'NodeNext',
      types: ['node'],
    }
    writeFileSync(join(folder, 'package.json'), '{ "name": "mine", "type": "module" }')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['watertight.config.ts', 'scenarios'] }))
    const tsc = promisify(execFile)(process.execPath, [join(MODULES, 'typescript/bin/tsc'), '-p', folder])
    expect(
      await tsc.then(
        ({ stdout }) => stdout,
        ({ stdout }) => stdout,
      ),
    ).toBe('')
  })
})

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'

const LOADER = new URL('load-config.ts', import.meta.url).href
const DOOR = fileURLToPath(new URL('../index.ts', import.meta.url))

interface Loaded {
  readonly said: unknown
  readonly stderr: string
}

/** Loads in a Node of its own: the modules of a test are loaded by vite, which accepts more than Node does. */
async function load(files: Readonly<Record<string, string>>, named: string | null = null): Promise<Loaded> {
  const cwd = mkdtempSync(join(tmpdir(), 'watertight-config-'))
  onTestFinished(() => rmSync(cwd, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), text)
  }
  const program = `
    const { loadConfig } = await import(${JSON.stringify(LOADER)})
    const tell = (said) => process.stdout.write(JSON.stringify(said ?? null))
    await loadConfig(process.cwd(), ${JSON.stringify(named)}).then(tell, ({ code, message }) => tell({ code, message }))`
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd })
  return { said: JSON.parse(stdout.replaceAll(cwd, '<cwd>')), stderr }
}

describe('the configuration of a working directory', () => {
  test('is null when there is none, and none is looked for above', async () => {
    expect((await load({ 'package.json': '{}' })).said).toBeNull()
  })

  const typed = `import { defineConfig } from '${DOOR}'\nexport default defineConfig({ level: 'off' as const })`

  test.each([
    ['watertight.config.ts', typed, '{"type":"module"}'],
    ['watertight.config.ts', typed, '{"type":"commonjs"}'],
    ['watertight.config.ts', typed, '{}'],
    ['watertight.config.mts', typed, '{"type":"commonjs"}'],
    ['watertight.config.js', "export default { level: 'off' }", '{"type":"module"}'],
    ['watertight.config.mjs', "export default { level: 'off' }", '{}'],
  ])('is read from %s without a word, in a package of any type', async (name, text, manifest) => {
    const { said, stderr } = await load({ [name]: text, 'package.json': manifest })
    expect(said).toEqual({ config: { level: 'off' }, file: name, folder: '<cwd>' })
    expect(stderr).toBe('')
  })

  test('may import what is written the same way', async () => {
    const files = {
      'package.json': '{"type":"commonjs"}',
      'watertight.config.ts': "import { level } from './shared/level.ts'\nexport default { level }",
      'shared/level.ts': "export const level: string = 'sampled'",
    }
    expect((await load(files)).said).toMatchObject({ config: { level: 'sampled' } })
  })

  test('imports watertight from who runs it where it is not installed', async () => {
    const text = "import manifest from 'watertight/package.json' with { type: 'json' }\nexport default { output: manifest.name }"
    expect((await load({ 'watertight.config.ts': text })).said).toMatchObject({ config: { output: 'watertight' } })
  })

  test('is the one that was named, and what it names is beside it', async () => {
    const files = { 'watertight.config.ts': 'export default {}', 'ci/strict.mjs': 'export default { iterations: 5 }' }
    expect((await load(files, 'ci/strict.mjs')).said).toEqual({ config: { iterations: 5 }, file: 'ci/strict.mjs', folder: '<cwd>/ci' })
  })
})

describe('a configuration that cannot be used is refused with what to do about it', () => {
  const refused = async (files: Readonly<Record<string, string>>, named: string | null = null): Promise<unknown> => {
    const { said } = await load(files, named)
    expect(said).toMatchObject({ code: 'INVALID_CONFIG' })
    return (said as { readonly message: string }).message
  }

  test('two of them', async () => {
    expect(await refused({ 'watertight.config.ts': '', 'watertight.config.mjs': '' })).toMatchInlineSnapshot(`
      "there are watertight.config.ts and watertight.config.mjs: which one counts?
        remedy: keep one, or say --config watertight.config.ts"
    `)
  })

  test('a named one that is not there', async () => {
    expect(await refused({}, 'strict.ts')).toMatchInlineSnapshot(`
      "there is no file strict.ts
        remedy: name one that is there with --config, or leave it out"
    `)
  })

  test('one without a default export', async () => {
    expect(await refused({ 'watertight.config.ts': 'export const config = {}' })).toMatchInlineSnapshot(`
      "watertight.config.ts has no default export
        remedy: export default defineConfig({ ... })"
    `)
  })

  test('one in TypeScript that Node does not run', async () => {
    expect(await refused({ 'watertight.config.ts': '\nenum Level { off }\nexport default { level: Level.off }' })).toMatchInlineSnapshot(`
      "watertight.config.ts does not load: TypeScript enum is not supported in strip-only mode (watertight.config.ts:2)
        remedy: Node runs TypeScript by leaving its types out, so there is no enum, namespace or parameter property; use what JavaScript has"
    `)
  })

  test('one with a mistake of syntax', async () => {
    expect(await refused({ 'watertight.config.ts': 'export default {\n  level: \n}' })).toMatchInlineSnapshot(
      `"watertight.config.ts does not load: Expression expected (watertight.config.ts:3)"`,
    )
  })

  test('one that throws', async () => {
    expect(await refused({ 'watertight.config.mjs': "\n\nthrow new Error('no licence')" })).toMatchInlineSnapshot(
      `"watertight.config.mjs does not load: no licence (watertight.config.mjs:3)"`,
    )
  })

  test('one whose import is not there', async () => {
    expect(await refused({ 'watertight.config.ts': "import a from 'nowhere'\nexport default { a }" })).toMatchInlineSnapshot(
      `"watertight.config.ts does not load: Cannot find package 'nowhere' imported from <cwd>/watertight.config.ts"`,
    )
  })

  test('one that exports a function', async () => {
    expect(await refused({ 'watertight.config.ts': 'export default () => ({})' })).toContain(
      'it is [Function: default]: it takes an object',
    )
  })
})

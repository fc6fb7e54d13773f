import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { discoverOwn } from './discover.ts'

const DOOR = pathToFileURL(fileURLToPath(new URL('../index.ts', import.meta.url))).href
const scenario = (name: string): string =>
  `import { defineScenario } from '${DOOR}'\nexport default defineScenario({ name: '${name}', work: async () => {} })`

/** Names that are found, or the complaint. */
async function found(files: Readonly<Record<string, string>>, ...patterns: readonly string[]): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'watertight-discover-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  try {
    const loaded = await discoverOwn({ patterns, folder, file: 'watertight.config.ts', judging: { level: 'off' } })
    expect(loaded.every(({ own }) => own?.level === 'off')).toBe(true)
    return loaded.map((each) => each.scenario.name)
  } catch (error) {
    return String(error).replaceAll(folder, '<folder>')
  }
}

describe('the scenarios of a user', () => {
  const files = {
    'load/checkout.mjs': scenario('checkout'),
    'load/deep/er/basket.js': scenario('basket'),
    'load/checkout.test.mjs': '',
    'load/node_modules/a/b.js': '',
    'load/types.d.ts': '',
    'load/README.md': '',
    'other/search.ts': scenario('search'),
  }

  test('are all modules of a folder, however deep, without its tests', async () => {
    expect(await found(files, 'load')).toEqual(['basket', 'checkout'])
  })

  test('are those of several patterns, each once', async () => {
    expect(await found(files, 'load/*.mjs', './load/checkout.mjs', 'other/*')).toEqual(['checkout', 'search'])
  })

  test('are missed by a pattern that finds nothing', async () => {
    expect(await found(files, 'load', 'lode/**')).toMatchInlineSnapshot(`
      "HarnessError: watertight.config.ts: \`scenarios\` finds no module by 'lode/**' in <folder>
        remedy: name a file, a folder or a glob, relative to the configuration; tests (*.test.ts) are no scenarios"
    `)
  })

  test('are missed in a module that has none', async () => {
    expect(await found({ 'load/helpers.mjs': 'export const a = 1' }, 'load')).toMatchInlineSnapshot(`
      "HarnessError: <folder>/load/helpers.mjs has no scenario
        remedy: export default defineScenario({ ... }), or have \`scenarios\` in watertight.config.ts leave it out"
    `)
  })

  test('have names of their own', async () => {
    expect(await found({ 'a/x.mjs': scenario('x'), 'b/x.mjs': scenario('x') }, 'a', 'b')).toContain(
      'two scenarios are called x: <folder>/a/x.mjs and <folder>/b/x.mjs',
    )
  })

  test('are told their file when what they say is not valid', async () => {
    expect(await found({ 'a/x.mjs': scenario('No Name') }, 'a')).toContain('<folder>/a/x.mjs: scenario No Name is not valid')
  })

  test('are told their line when they throw', async () => {
    expect(await found({ 'a/x.mjs': "\nthrow new Error('no licence')" }, 'a')).toContain('<folder>/a/x.mjs does not load: no licence')
  })
})

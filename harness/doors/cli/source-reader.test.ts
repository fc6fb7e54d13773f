import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { sourceReader } from './source-reader.ts'

/** A folder with the package installed: built files and their maps, no sources. */
function installed(files: Readonly<Record<string, string>>): { readonly cwd: string; readonly built: string } {
  const cwd = mkdtempSync(join(tmpdir(), 'watertight-sources-'))
  onTestFinished(() => rmSync(cwd, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), text)
  }
  return { cwd, built: join(cwd, 'node_modules/watertight/dist/') }
}

const SCENARIO = 'node_modules/watertight/scenarios/backend/copy.ts'
const MAP = 'node_modules/watertight/dist/scenarios/backend/copy.js.map'

test('a source of the installed package, which ships none, is read from its source map', () => {
  const { cwd, built } = installed({ [MAP]: JSON.stringify({ version: 3, sourcesContent: ['export default 1\n'] }) })
  expect(sourceReader(cwd, built)(SCENARIO)).toBe('export default 1\n')
})

test('a source that is there is read as it is', () => {
  const { cwd, built } = installed({ [SCENARIO]: 'there\n', [MAP]: JSON.stringify({ sourcesContent: ['in the map\n'] }) })
  expect(sourceReader(cwd, built)(SCENARIO)).toBe('there\n')
})

test.each([
  ['without a map', SCENARIO, {}],
  ['with a map cut off', SCENARIO, { [MAP]: '{"sourcesCont' }],
  ['with a map that holds no sources', SCENARIO, { [MAP]: '{"version":3}' }],
  [
    "of another package that is missing beside one's own map",
    'node_modules/other/copy.ts',
    { 'node_modules/watertight/other/copy.js.map': '{"sourcesContent":["x"]}' },
  ],
] as const)('a source %s is none', (_, file, files) => {
  const { cwd, built } = installed(files)
  expect(sourceReader(cwd, built)(file)).toBeNull()
})

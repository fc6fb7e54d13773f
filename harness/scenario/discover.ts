import { existsSync, globSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Judging } from '../model/config.ts'
import { HarnessError } from '../model/errors.ts'
import type { Scenario } from '../model/scenario.ts'
import { importModule, whyNotLoaded } from './import-module.ts'
import type { LoadedScenario } from './suite.ts'

/** Scenarios of the user's, as their configuration names them. */
export interface OwnScenarios {
  /** Files, folders or globs, relative to `folder`. */
  readonly patterns: readonly string[]
  readonly folder: string
  /** The configuration, for messages. */
  readonly file: string
  readonly judging: Judging
}

const NO_SCENARIO = /\.(test|spec|d)\.[cm]?[jt]s$/

/**
 * Loads every scenario module below `folder` (`.ts` sources or built `.js`), sorted by name.
 * @throws {HarnessError} INVALID_SCENARIO for a module without a scenario, or two of one name.
 */
export async function discoverScenarios(folder: string): Promise<readonly LoadedScenario[]> {
  if (!existsSync(folder)) throw new HarnessError('INVALID_SCENARIO', `there is no folder ${folder}`)
  const files = globSync('*/*.{ts,js}', { cwd: folder })
    .filter((file) => !NO_SCENARIO.test(file))
    .map((file) => join(folder, file))
  return byName(await Promise.all(files.map((file) => loadScenario(file))))
}

/**
 * Loads the user's scenarios, sorted by name.
 * @throws {HarnessError} INVALID_CONFIG for a pattern that finds nothing, INVALID_SCENARIO for what it should not have found.
 */
export async function discoverOwn({ patterns, folder, file, judging }: OwnScenarios): Promise<readonly LoadedScenario[]> {
  const files = new Set(patterns.flatMap((pattern) => filesOf(pattern, folder, file)))
  const narrower = `export default defineScenario({ ... }), or have \`scenarios\` in ${file} leave it out`
  const loaded = await Promise.all([...files].map((each) => loadScenario(each, narrower)))
  return byName(loaded.map((each) => ({ ...each, own: judging })))
}

function filesOf(pattern: string, folder: string, config: string): readonly string[] {
  const isFolder = statSync(resolve(folder, pattern), { throwIfNoEntry: false })?.isDirectory() === true
  const found = globSync(isFolder ? join(pattern, '**/*.{ts,mts,js,mjs}') : pattern, { cwd: folder })
    .filter((file) => !NO_SCENARIO.test(file) && !file.split(/[\\/]/).includes('node_modules'))
    .map((file) => resolve(folder, file))
    .filter((file) => statSync(file).isFile())
  if (found.length === 0) {
    throw new HarnessError(
      'INVALID_CONFIG',
      `${config}: \`scenarios\` finds no module by '${pattern}' in ${folder}`,
      'name a file, a folder or a glob, relative to the configuration; tests (*.test.ts) are no scenarios',
    )
  }
  return found
}

function byName(loaded: readonly LoadedScenario[]): readonly LoadedScenario[] {
  const sorted = loaded.toSorted((a, b) => (a.scenario.name < b.scenario.name ? -1 : 1))
  for (const [index, { scenario, file }] of sorted.entries()) {
    const next = sorted[index + 1]
    if (next?.scenario.name === scenario.name) {
      throw new HarnessError('INVALID_SCENARIO', `two scenarios are called ${scenario.name}: ${file} and ${next.file}`)
    }
  }
  return sorted
}

async function loadScenario(file: string, remedy = 'export default defineScenario({ ... })'): Promise<LoadedScenario> {
  const module = (await importModule(file).catch((error: unknown) => {
    if (error instanceof HarnessError) throw new HarnessError(error.code, `${file}: ${error.what}`, error.remedy, { cause: error.cause })
    const why = whyNotLoaded(error, process.cwd())
    throw new HarnessError('INVALID_SCENARIO', `${file} does not load: ${why.what}`, why.remedy)
  })) as { readonly default?: Scenario }
  if (module.default?.cases === undefined) throw new HarnessError('INVALID_SCENARIO', `${file} has no scenario`, remedy)
  return { scenario: module.default, file }
}

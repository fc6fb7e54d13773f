import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HarnessError } from '../model/errors.ts'
import type { Scenario } from '../model/scenario.ts'
import type { LoadedScenario } from './suite.ts'

/**
 * Loads every scenario module below `folder` (`.ts` sources or built `.js`), sorted by name.
 * @throws {HarnessError} INVALID_SCENARIO for a module without a scenario, or two of one name.
 */
export async function discoverScenarios(folder: string): Promise<readonly LoadedScenario[]> {
  if (!existsSync(folder)) throw new HarnessError('INVALID_SCENARIO', `there is no folder ${folder}`)
  const files = globSync('*/*.{ts,js}', { cwd: folder })
    .filter((file) => !/\.(test|d)\.[jt]s$/.test(file))
    .map((file) => join(folder, file))
  const loaded = await Promise.all(files.map(loadScenario))
  const sorted = loaded.toSorted((a, b) => (a.scenario.name < b.scenario.name ? -1 : 1))
  for (const [index, { scenario, file }] of sorted.entries()) {
    const next = sorted[index + 1]
    if (next?.scenario.name === scenario.name) {
      throw new HarnessError('INVALID_SCENARIO', `two scenarios are called ${scenario.name}: ${file} and ${next.file}`)
    }
  }
  return sorted
}

async function loadScenario(file: string): Promise<LoadedScenario> {
  const module = (await import(pathToFileURL(file).href)) as { default?: Scenario }
  if (module.default?.cases === undefined) {
    throw new HarnessError('INVALID_SCENARIO', `${file} has no scenario`, 'export default defineScenario({ ... })')
  }
  return { scenario: module.default, file }
}

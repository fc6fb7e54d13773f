/** Finds and reads `watertight.config.ts`. Only doors read files unasked: findLeaks never does. */
import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { WatertightConfig } from '../model/config.ts'
import { HarnessError } from '../model/errors.ts'
import { checkConfig } from './config.ts'
import { importModule, whyNotLoaded } from './import-module.ts'

/** Looked for in the working directory, and nowhere above it. */
export const CONFIG_NAMES = ['watertight.config.ts', 'watertight.config.mts', 'watertight.config.js', 'watertight.config.mjs'] as const

export interface LoadedConfig {
  readonly config: WatertightConfig
  /** As its writer knows it: relative to the working directory. */
  readonly file: string
  /** Absolute; what it names is relative to this. */
  readonly folder: string
}

/**
 * Reads the configuration of a working directory; null: there is none.
 * @param named a file to read instead, relative to `cwd` (`--config`).
 * @throws {HarnessError} INVALID_CONFIG: there are two, the named one is not there, it does not load, or what it says is not valid.
 */
export async function loadConfig(cwd: string, named: string | null = null): Promise<LoadedConfig | null> {
  const path = named === null ? onlyOne(cwd) : resolve(cwd, named)
  if (path === null) return null
  const file = relative(cwd, path) || '.'
  if (!existsSync(path)) throw invalid(`there is no file ${file}`, 'name one that is there with --config, or leave it out')
  if (statSync(path).isDirectory()) throw invalid(`${file} is a folder, and no configuration`, 'name the file in it with --config')
  const module = await importModule(path).catch((error: unknown) => {
    const { what, remedy } = whyNotLoaded(error, cwd)
    throw new HarnessError('INVALID_CONFIG', `${file} does not load: ${what}`, remedy)
  })
  if (!('default' in module)) throw invalid(`${file} has no default export`, 'export default defineConfig({ ... })')
  return { config: checkConfig(module.default, file), file, folder: dirname(path) }
}

function onlyOne(cwd: string): string | null {
  const [first, ...others] = CONFIG_NAMES.filter((name) => existsSync(join(cwd, name)))
  if (first === undefined) return null
  if (others.length > 0)
    throw invalid(`there are ${[first, ...others].join(' and ')}: which one counts?`, `keep one, or say --config ${first}`)
  return join(cwd, first)
}

const invalid = (message: string, remedy: string): HarnessError => new HarnessError('INVALID_CONFIG', message, remedy)

import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

/** The version of this package: from the nearest package.json, which is the same for the sources and for dist/. */
export const TOOL_VERSION: string = readVersion()

function readVersion(): string {
  const file = findPackageJSON(import.meta.url)
  if (file === undefined) throw new Error('watertight has lost its package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

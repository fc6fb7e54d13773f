import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What holds harness/: the package's dist/, or the clone, which has its sources. */
const OWN_BUILD = fileURLToPath(new URL('../../../', import.meta.url))

/** Reads sources as a Place names them, for code frames. */
export function sourceReader(cwd: string, build = OWN_BUILD): (file: string) => string | null {
  return (file) => {
    const path = resolve(cwd, file)
    // a report without a code frame is better than no report
    return textOf(path) ?? shippedSource(path, build)
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** The package is shipped without the sources that its source maps name: the maps hold them. */
function shippedSource(path: string, build: string): string | null {
  const inPackage = relative(dirname(build), path)
  if (inPackage.startsWith('..')) return null
  const map = textOf(join(build, inPackage.replace(/\.ts$/, '.js.map')))
  try {
    const { sourcesContent } = JSON.parse(map ?? '{}') as { readonly sourcesContent?: readonly string[] }
    return sourcesContent?.[0] ?? null
  } catch {
    return null
  }
}

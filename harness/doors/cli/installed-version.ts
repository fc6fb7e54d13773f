import { createRequire } from 'node:module'
import { join } from 'node:path'

/** The version that `import 'watertight'` finds from a folder; null: none. */
export function installedVersion(folder: string): string | null {
  try {
    const { version } = createRequire(join(folder, 'package.json'))('watertight/package.json') as { readonly version: string }
    return version
  } catch {
    return null
  }
}

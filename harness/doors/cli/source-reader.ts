import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** Reads sources as a Place names them, for code frames. */
export function sourceReader(cwd: string): (file: string) => string | null {
  return (file) => {
    try {
      return readFileSync(resolve(cwd, file), 'utf8')
    } catch {
      // a report without a code frame is better than no report
      return null
    }
  }
}

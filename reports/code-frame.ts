import { codeFrameColumns } from '@babel/code-frame'
import type { Place } from '../harness/model/finding.ts'
import { severalLines } from './neutralise.ts'

/** Longer lines are generated code: nobody reads them, and they would bury the report. */
const LONGEST_LINE = 500

/** The line and the one above it, with a mark under the column; null when there is nothing sensible to show. */
export function codeFrame(source: string | null, place: Place, colour: boolean): string | null {
  if (source === null) return null
  const safe = severalLines(source)
  const lines = safe.split('\n')
  const shown = lines.slice(Math.max(0, place.line - 2), place.line)
  // fewer lines than the place says: the file has changed since
  if (place.line < 1 || place.line > lines.length || shown.some((line) => line.length > LONGEST_LINE)) return null
  // a Place counts columns from 1 as stacks do, the library from 0
  const start = { line: place.line, column: Math.max(0, place.column - 1) }
  return codeFrameColumns(safe, { start }, { linesAbove: 1, linesBelow: 0, forceColor: colour })
}

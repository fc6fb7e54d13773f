import { oneLine } from '../../../reports/neutralise.ts'

/** A word of the command line, as part of a one-line message. */
export function quoted(text: string): string {
  return `'${oneLine(text)}'`
}

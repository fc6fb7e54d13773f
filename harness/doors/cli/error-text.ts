import { oneLine, severalLines } from '../../../reports/neutralise.ts'
import { HarnessError } from '../../model/errors.ts'

/** Everything that led to an error, outermost first: a summary must not swallow the attempts behind it. */
function causes(error: unknown): string[] {
  if (error instanceof AggregateError) return error.errors.flatMap((inner) => [messageOf(inner), ...causes(inner)])
  if (!(error instanceof Error) || error.cause === undefined) return []
  return [messageOf(error.cause), ...causes(error.cause)]
}

function messageOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error))
}

/** An error as one paragraph: what, where, why, remedy, causes. What we did not foresee keeps its stack, for whoever reports it. */
export function errorText(error: unknown): string {
  const because = causes(error).map((cause) => `\n  cause: ${cause}`)
  if (error instanceof HarnessError) return `watertight: ${severalLines(error.message)}${because.join('')}\n`
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `watertight: an error nobody foresaw, so nothing was judged; please report it with this stack\n  ${severalLines(stack).replaceAll('\n', '\n  ')}${because.join('')}\n`
}

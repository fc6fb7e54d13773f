/** Where a process is busy that answers nobody: the function that never returns, by a few looks at its stack. */
import type { Inspector, Standing } from './inspector.ts'

/** Looks: what is on the stack in all of them is what does not return. */
const LOOKS = 8

/** A frame on the stack in every look, innermost first, as a stack says it (`    at name (file:line:column)`); empty: nothing was seen. */
export async function stackThatStays(inspector: Pick<Inspector, 'stack'>): Promise<string> {
  const looks: (readonly Standing[])[] = []
  for (let look = 0; look < LOOKS; look += 1) {
    const stack = await inspector.stack()
    if (stack === null) break
    looks.push(stack)
  }
  return common(looks)
    .map(({ function: name, url, line, column }) => `    at ${name === '' ? '<anonymous>' : name} (${url}:${line}:${column})`)
    .join('\n')
}

/** Compared from the outermost frame: the same functions as far as all looks agree; of each the line it was seen at most often. Pure. */
export function common(looks: readonly (readonly Standing[])[]): readonly Standing[] {
  const [first, ...others] = looks.map((stack) => stack.toReversed())
  if (first === undefined) return []
  const stayed: Standing[] = []
  for (const [depth, standing] of first.entries()) {
    const seen = [standing, ...others.flatMap((stack) => stack[depth] ?? [])]
    if (seen.length <= others.length || seen.some(({ functionKey }) => functionKey !== standing.functionKey)) break
    stayed.unshift(mostFrequent(seen))
  }
  return stayed
}

function mostFrequent(seen: readonly Standing[]): Standing {
  const timesAt = ({ line }: Standing): number => seen.filter((other) => other.line === line).length
  return seen.reduce((top, standing) => (timesAt(standing) > timesAt(top) ? standing : top))
}

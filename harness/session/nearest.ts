import { closest, distance } from 'fastest-levenshtein'

/** The candidate the writer most likely meant; null when none is near. */
export function nearest(text: string, candidates: readonly string[]): string | null {
  const wanted = text.toLowerCase()
  const holding = wanted.length >= 3 ? candidates.find((candidate) => candidate.toLowerCase().includes(wanted)) : undefined
  if (holding !== undefined) return holding
  if (candidates.length === 0 || wanted === '') return null
  const best = closest(wanted, [...candidates])
  // more than half of the letters wrong is another word, not a slip
  return distance(wanted, best.toLowerCase()) <= Math.ceil(best.length / 2) ? best : null
}

/** `a, b or c` */
export function either(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`
}

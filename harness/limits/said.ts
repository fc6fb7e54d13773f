import type { Source, Sourced } from './limit-profile.ts'

/** No limit, no timeout. */
export const NONE: number = Number.POSITIVE_INFINITY

/** A value with where it comes from. */
export function said<const T>(
  value: T,
  source: Source,
  note: string | null = null,
  elsewhere: readonly Sourced<NoInfer<T> | number>[] = [],
): Sourced<T> {
  return { value, ...source, note, elsewhere: elsewhere as readonly Sourced<T>[] }
}

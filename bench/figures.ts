/** Numbers of several turns, told by the two that mean something on a shared machine. */

export interface Figures {
  /** The turn that was disturbed least. */
  readonly min: number
  readonly median: number
}

export function figuresOf(values: readonly number[]): Figures {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  return {
    min: sorted[0] ?? Number.NaN,
    median: ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2,
  }
}

/** How often `of` goes into each figure: minimum by minimum, median by median. */
export const ratioOf = (figures: Figures, of: Figures): Figures => ({ min: figures.min / of.min, median: figures.median / of.median })

/** Three digits that count: `0.0123`, `1.23`, `123`. */
export function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return '–'
  return value >= 100 ? Math.round(value).toString() : Number(value.toPrecision(3)).toString()
}

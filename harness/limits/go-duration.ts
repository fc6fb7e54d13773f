/** Durations as Go writes and reads them (time.ParseDuration, time.Duration.String), in milliseconds. */
import parseDuration from 'parse-duration'

const UNITS = new Set(['ns', 'us', 'µs', 'μs', 'ms', 's', 'm', 'h'])
const PART = /(\d+(?:\.\d*)?|\.\d+)([^\d.]*)/gy

export type GoDuration = { readonly ms: number } | { readonly error: string }

/** `20s`, `1m30s`, `500ms`, `0`; errors have the words of Go's package time. */
export function parseGoDuration(text: string): GoDuration {
  const quoted = JSON.stringify(text)
  const sign = text.startsWith('-') ? -1 : 1
  const unsigned = text.replace(/^[+-]/, '')
  if (unsigned === '0') return { ms: 0 }
  PART.lastIndex = 0
  const parts: string[] = []
  while (PART.lastIndex < unsigned.length) {
    const part = PART.exec(unsigned)
    if (part === null) return { error: `time: invalid duration ${quoted}` }
    const [, number = '', unit = ''] = part
    if (unit === '') return { error: `time: missing unit in duration ${quoted}` }
    if (!UNITS.has(unit)) return { error: `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}` }
    // The library has no word for a micro sign of either code point before a number such as `.5`.
    parts.push(`${Number(number)}${unit === 'μs' || unit === 'µs' ? 'us' : unit}`)
  }
  const ms = parts.length === 0 ? null : parts.reduce((sum, part) => sum + (parseDuration(part) ?? Number.NaN), 0)
  return ms === null || Number.isNaN(ms) ? { error: `time: invalid duration ${quoted}` } : { ms: sign * ms }
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** As Go prints it: `31s`, `1m30s`, `500ms`, `1h0m0s`. */
export function goDurationText(ms: number): string {
  const size = Math.abs(ms)
  const sign = ms < 0 ? '-' : ''
  if (size === 0) return '0s'
  if (size < 0.001) return `${sign}${round(size * 1e6)}ns`
  if (size < 1) return `${sign}${round(size * 1e3)}µs`
  if (size < 1_000) return `${sign}${round(size)}ms`
  const hours = Math.floor(size / HOUR_MS)
  const minutes = Math.floor((size % HOUR_MS) / MINUTE_MS)
  const seconds = `${round((size % MINUTE_MS) / 1_000)}s`
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`
  return `${sign}${minutes > 0 ? `${minutes}m` : ''}${seconds}`
}

/** Go counts in nanoseconds; binary fractions of a millisecond would show otherwise. */
const round = (value: number): number => Number(value.toPrecision(12))

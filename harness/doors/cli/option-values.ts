import parseDuration from 'parse-duration'
import { duration } from '../../../reports/amounts.ts'
import { HarnessError } from '../../model/errors.ts'
import { either, nearest } from '../../session/nearest.ts'
import { quoted } from './quoted.ts'

function invalid(message: string, remedy: string): HarnessError {
  return new HarnessError('INVALID_OPTION', message, remedy)
}

/** Reads one word of a closed list. */
export function choice<const T extends string>(option: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((candidate) => candidate === text)
    if (found !== undefined) return found
    const meant = nearest(text, choices)
    throw invalid(
      `${option} does not know ${quoted(text)}: it takes ${either(choices)}`,
      meant === null ? `for example ${option} ${choices[0]}` : `did you mean ${option} ${meant}?`,
    )
  }
}

/** Reads a comma list of such words; the option may also be repeated. */
export function choices<const T extends string>(
  option: string,
  words: readonly T[],
): (text: string, before: readonly T[] | undefined) => readonly T[] {
  const one = choice(option, words)
  return (text, before = []) => [...new Set([...before, ...text.split(',').map((word) => one(word.trim()))])]
}

/** Reads a path. An empty one would be the working directory: a variable of a script that nobody has set. */
export function path(option: string, example: string): (text: string) => string {
  return (text) => {
    if (text !== '') return text
    throw invalid(`${option} got '': it takes a path`, `for example ${option} ${example}, or leave it out`)
  }
}

export function wholeNumber(option: string, bounds: { readonly least: number; readonly most: number }): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= bounds.least && value <= bounds.most) return value
    throw invalid(
      `${option} got ${quoted(text)}: it takes a whole number from ${bounds.least} to ${bounds.most}`,
      `for example ${option} ${Math.max(bounds.least, 3)}`,
    )
  }
}

/** The library skips what it does not understand (`6s foo` is 6 s, `1,5s` 15 s) and takes a bare number for ms: only numbers with units get through to it. */
const NUMBERS_WITH_UNITS = /^\s*(?:\d+(?:\.\d+)?\s*\p{L}+\s*)+$/u

export function durationMs(option: string, bounds: { readonly leastMs: number; readonly mostMs: number }): (text: string) => number {
  return (text) => {
    const value = NUMBERS_WITH_UNITS.test(text) ? parseDuration(text) : null
    if (value !== null && value >= bounds.leastMs && value <= bounds.mostMs) return value
    const range = `from ${duration(bounds.leastMs)} to ${duration(bounds.mostMs)}`
    const problem =
      value !== null
        ? `, which is ${duration(value)}`
        : /^\s*\d+(\.\d+)?\s*$/.test(text)
          ? ', a number without a unit'
          : ', which is no duration'
    throw invalid(
      `${option} got ${quoted(text)}${problem}: it takes a duration ${range}`,
      `write a number with its unit, for example ${option} 6s, 500ms or 1m30s`,
    )
  }
}

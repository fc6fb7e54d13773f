/**
 * Header fields as a parser hands them out, names and values in turns: undici's as bytes, Node's as strings. Read without making strings: doing
 * that for all names costs 2 us a response.
 */
export type RawHeaders = readonly (Uint8Array | string)[]

/** HTTP/2 hands them out by name, in lower case. */
type NamedHeaders = Readonly<Record<string, unknown>>

/** The value of a field; `name` in lower case. */
export function rawHeader(headers: RawHeaders | NamedHeaders, name: string): Uint8Array | string | null {
  if (!isRaw(headers)) {
    const value = headers[name]
    return typeof value === 'string' ? value : null
  }
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const field = headers[i]
    if (field !== undefined && field.length === name.length && isNamed(field, name)) return headers[i + 1] ?? null
  }
  return null
}

const isRaw = (headers: RawHeaders | NamedHeaders): headers is RawHeaders => Array.isArray(headers)

function isNamed(field: Uint8Array | string, name: string): boolean {
  if (typeof field === 'string') return field.toLowerCase() === name
  for (let i = 0; i < name.length; i += 1) {
    // The bit that tells small letters from capitals; a hyphen has it anyway.
    if (((field[i] ?? 0) | 0x20) !== name.charCodeAt(i)) return false
  }
  return true
}

const codeAt = (text: Uint8Array | string, at: number): number => (typeof text === 'string' ? text.charCodeAt(at) : (text[at] ?? 0))
const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** The whole number that follows `word`, at the first place where one does; null for none. An empty word: the number it begins with. */
export function numberAfter(text: Uint8Array | string | null, word: string): number | null {
  if (text === null) return null
  const last = word === '' ? 0 : text.length - word.length
  for (let start = 0; start <= last; start += 1) {
    let matched = 0
    while (matched < word.length && codeAt(text, start + matched) === word.charCodeAt(matched)) matched += 1
    const from = start + matched
    if (matched < word.length || from >= text.length || !isDigit(codeAt(text, from))) continue
    let value = 0
    for (let at = from; at < text.length && isDigit(codeAt(text, at)); at += 1) value = value * 10 + codeAt(text, at) - 48
    return value
  }
  return null
}

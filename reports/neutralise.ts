/**
 * Control characters, bidirectional overrides and line separators: in a path, an error or a source line they could move the cursor, hide text or start a
 * terminal command. `\p{Cc}` are C0, DEL and C1 (U+009B alone starts a sequence), `\p{Cf}` holds the overrides of "Trojan Source" (CVE-2021-42574).
 */
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return SHORT_ESCAPES[character] ?? (code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`)
}

/** Text from outside, safe to print on one line: what could steer a terminal is shown as an escape. */
export function oneLine(text: string): string {
  return text.replace(DANGEROUS, visible)
}

/** The same for text of several lines: line feeds and tabs stay. */
export function severalLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(DANGEROUS, (character) => (character === '\n' || character === '\t' ? character : visible(character)))
}

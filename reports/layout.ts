/** Rows of equal length as left-aligned columns, two spaces between them; the last column is never padded, so a long one costs nothing. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widthOf = (at: number): number => Math.max(0, ...rows.map((row) => (at < row.length - 1 ? (row[at]?.length ?? 0) : 0)))
  const widths = (rows[0] ?? []).map((_cell, at) => widthOf(at))
  return rows.map((row) => row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  '))
}

/** Breaks a text at spaces so that it fits `width` behind an indentation of `indent` characters; the first line is not indented. Infinity: one line. */
export function wrapped(text: string, indent: number, width: number): string {
  // below 20 characters a hanging indentation only makes confetti
  const room = Math.max(20, width - indent)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}

import prettyMs from 'pretty-ms'

/** `40 ms`, `4.0 s`, `1 m 3.0 s`; `unknown` for what is not a finite number. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return 'unknown'
  return prettyMs(Math.round(ms), { keepDecimalsOnWholeSeconds: true }).replace(/(\d)([a-z])/g, '$1 $2')
}

/** `1 body`, `25 bodies`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

const MEGABYTES = new Intl.NumberFormat('en', {
  style: 'unit',
  unit: 'megabyte',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  useGrouping: false,
})

/** Writes byte counts of a megabyte and more as `1.0 MB`; smaller ones stay exact, because 65,535 and 65,536 bytes are two different stories. */
export function readableBytes(text: string): string {
  return text.replace(/\b(\d{7,}) bytes\b/g, (_match, digits: string) => MEGABYTES.format(Number(digits) / 1e6))
}

/** The measured rows as Markdown: ratios first, because absolute times belong to one machine. Pure. */
import { markdownTable } from 'markdown-table'
import type { CensusRow } from './census.ts'
import { type Figures, threeDigits } from './figures.ts'
import { OVERHEAD_LIMITS, type OverheadRow } from './overhead.ts'
import type { VerdictRow } from './verdict.ts'

export interface BenchRecord {
  readonly schema: 'watertight/bench@1'
  readonly environment: {
    readonly node: string
    readonly platform: string
    readonly cpus: number
    readonly contended: boolean
    readonly pinned: boolean
  }
  /** Null: not asked for. */
  readonly overhead: readonly OverheadRow[] | null
  readonly census: readonly CensusRow[] | null
  readonly verdicts: readonly VerdictRow[] | null
}

const both = ({ min, median }: Figures): string => `${threeDigits(min)} / ${threeDigits(median)}`
const yes = (value: boolean): string => (value ? 'yes' : 'no')

const table = (rows: readonly (readonly string[])[], numbersFrom: number): string =>
  markdownTable(rows, { align: (rows[0] ?? []).map((_, column) => (column < numbersFrom ? 'l' : 'r')) })

export function overheadTable(rows: readonly OverheadRow[]): string {
  const body = rows.map(({ client, level, atOnce, ratio, cpuUs }) => [client, level, String(atOnce), both(ratio), both(cpuUs)])
  return table([['client', 'loaded', 'at once', 'ratio', 'CPU µs per request'], ...body], 2)
}

/** What is promised of the worst client, one request at a time, beside what was measured. Levels that were not measured are left out. */
export function promises(rows: readonly OverheadRow[]): string {
  const one = rows.filter(({ atOnce }) => atOnce === 1)
  const lines = Object.entries(OVERHEAD_LIMITS).flatMap(([level, limit]) => {
    const [worst] = one.filter((row) => row.level === level).toSorted((a, b) => b.ratio.median - a.ratio.median)
    if (worst === undefined) return []
    const { ratio, client } = worst
    return [
      `- \`${level}\`, at most ${limit}: ${ratio.median <= limit ? 'kept' : '**not kept**'}, the worst is ${client} with ${threeDigits(ratio.median)}`,
    ]
  })
  return lines.length === 0 ? '' : `\n\nPromised of the worst client, one request at a time, by the median:\n\n${lines.join('\n')}`
}

export function censusTable(rows: readonly CensusRow[]): string {
  const body = rows.map(({ method, sockets, ratio, ms, found }) => [
    method,
    String(sockets),
    both(ratio),
    both(ms),
    found === null ? 'counts only' : String(found),
  ])
  return table([['method', 'sockets', 'ratio', 'ms', 'told of']].concat(body), 1)
}

export function verdictTable(rows: readonly VerdictRow[]): string {
  const body = rows.map(({ tool, kind, ratio, ms, namesLine, isMistaken }) => [
    tool,
    kind,
    yes(!isMistaken),
    kind === 'leaky' ? yes(namesLine) : '',
    both(ratio),
    both(ms),
  ])
  return table([['tool', 'work', 'right', 'names the line', 'ratio', 'ms after the work'], ...body], 4)
}

/** The whole record as one page. */
export function benchMarkdown({ environment, overhead, census, verdicts }: BenchRecord): string {
  const { node, platform, cpus, contended, pinned } = environment
  const busy = contended ? '\n\n**The machine was busy with other work: take the minima, and measure again.**' : ''
  const parts = [
    `# Benchmark\n\nNode ${node}, ${platform}, ${cpus} cores. Every cell is minimum / median; ratios are against the row that has 1.${busy}`,
    ...(overhead === null
      ? []
      : [
          `## What the ledger costs a request\n\nCPU time of the client's process, small bodies on keep-alive connections, against the same process with nothing loaded. Minimum: of the quietest tenth of the turns; median: of the ratios of turns next to each other. \`again\` is a second process with nothing loaded: how far it is from 1 is the noise of this machine. ${pinned ? 'Client and server have a core each.' : '**Client and server may have shared a core, which halves what a bare request costs: ratios are higher then.**'}\n\n${overheadTable(overhead)}${promises(overhead)}`,
        ]),
    ...(census === null ? [] : [`## One look at another process\n\n${censusTable(census)}`]),
    ...(verdicts === null
      ? []
      : [
          `## From the end of the work to an answer\n\n25 requests of node:http, bodies read or left unread. The hang printers are asked at once, because nothing tells when to ask them; a leak is waited for until its deadline, and the time counts from there.\n\n${verdictTable(verdicts)}`,
        ]),
  ]
  return `${parts.join('\n\n')}\n`
}

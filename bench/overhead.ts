/** What the ledger costs: CPU time of a request with it, against the same request without. `node bench/overhead.ts` prints the table. */
import type { LedgerLevel } from '../harness/model/ledger-page.ts'
import { type Figures, figuresOf } from './figures.ts'
import { type Far, startFar } from './process.ts'

export const BENCH_CLIENTS = ['undici.request', 'fetch', 'node:http', 'aws-sdk'] as const
export type BenchClient = (typeof BENCH_CLIENTS)[number]

/** What else people load to find out why a process does not end. */
export const PEERS = ['why-is-node-running', 'wtfnode', 'leaked-handles'] as const
export type Peer = (typeof PEERS)[number]

/** `none`: nothing of the kind in the process at all. */
export type BenchLevel = LedgerLevel | 'none' | Peer
const LEVELS: readonly BenchLevel[] = ['none', 'off', 'sampled', 'full']

/** Requests under way at one time. One: a job, a test, a handler that awaits; every request wakes the process. Ten: a client kept busy, whose requests cost half as much. */
export const PACES = [1, 10] as const
export type Pace = (typeof PACES)[number]

/** What the product promises of its worst client, one request at a time. */
export const OVERHEAD_LIMITS: { readonly [K in LedgerLevel]: number } = { off: 1.02, sampled: 1.1, full: 1.4 }

export interface OverheadRow {
  readonly client: BenchClient
  readonly level: BenchLevel
  readonly atOnce: Pace
  /** CPU microseconds of a request (user and system, all threads of the process). */
  readonly cpuUs: Figures
  /** Against level `none`: the smallest by the smallest, and the median of the ratios of turns taken one after the other. */
  readonly ratio: Figures
  /** Turns that were measured. */
  readonly turns: number
}

export interface OverheadOptions {
  readonly clients?: readonly BenchClient[]
  readonly levels?: readonly BenchLevel[]
  readonly paces?: readonly Pace[]
  /** Times the processes are started anew: two of the same program differ by some percent for all their life. */
  readonly generations?: number
  /** Turns of each process of a generation; all levels take theirs before the next. */
  readonly rounds?: number
  /** Requests of a turn. */
  readonly requests?: number
  /** Told of each client when it is done. */
  readonly onClient?: (rows: readonly OverheadRow[]) => void
}

/** What the parent asks of a client's process, and its answer. */
export interface CostOrder {
  readonly requests: number
  readonly atOnce: Pace
}
export interface CostAnswer {
  readonly cpuUs: number
}

/** First turns, thrown away: compiling and opening connections. */
const WARM_UP_TURNS = 2
const DEFAULTS = { generations: 3, rounds: 5, requests: 3_000 } as const
/** A request of the AWS SDK costs ten times those of the others (facts.md), so a tenth of them says as much. */
const SHARE: Partial<Record<BenchClient, number>> = { 'aws-sdk': 0.2 }

/**
 * Measures every client at every level, in processes that take turns on this machine.
 * @returns one row for each client and level, in the order asked for.
 */
export async function measureOverhead(options: OverheadOptions = {}): Promise<readonly OverheadRow[]> {
  const { clients = BENCH_CLIENTS, levels = LEVELS, paces = PACES, generations = DEFAULTS.generations, onClient } = options
  const rows: OverheadRow[] = []
  for (const client of clients) {
    for (const atOnce of paces) {
      const costs = new Map<BenchLevel, number[]>(levels.map((level) => [level, []]))
      for (let generation = 0; generation < generations; generation += 1) await measureGeneration(client, atOnce, costs, options)
      const bare = costs.get('none') ?? []
      const mine = levels.map((level) => overheadRow(client, level, atOnce, costs.get(level) ?? [], bare))
      onClient?.(mine)
      rows.push(...mine)
    }
  }
  return rows
}

async function measureGeneration(
  client: BenchClient,
  atOnce: Pace,
  costs: ReadonlyMap<BenchLevel, number[]>,
  options: OverheadOptions,
): Promise<void> {
  const { rounds = DEFAULTS.rounds, requests = DEFAULTS.requests } = options
  const order: CostOrder = { requests: Math.round(requests * (SHARE[client] ?? 1)), atOnce }
  await using far = new AsyncDisposableStack()
  const begin = async <T>(module: string, args: readonly string[]): Promise<readonly [Far, T]> => {
    const [started, first] = await startFar<T>(new URL(module, import.meta.url), args)
    far.use(started)
    return [started, first]
  }
  const [, { origin }] = await begin<{ origin: string }>('server.ts', [])
  const children = new Map<BenchLevel, Far>()
  for (const level of costs.keys()) children.set(level, (await begin('overhead-subject.ts', [client, level, origin]))[0])
  for (let round = -WARM_UP_TURNS; round < rounds; round += 1) {
    // Forth and back in turns: whoever always came first would always find the machine in the state the last one left.
    for (const [level, child] of round % 2 === 0 ? children : [...children].toReversed()) {
      const { cpuUs } = await child.ask<CostAnswer>(order)
      if (round >= 0) costs.get(level)?.push(cpuUs / order.requests)
    }
  }
}

/** One row from the costs of its turns and those of the bare process's turns of the same rounds. */
export function overheadRow(
  client: BenchClient,
  level: BenchLevel,
  atOnce: Pace,
  costs: readonly number[],
  bare: readonly number[],
): OverheadRow {
  const ratios = costs.map((cost, turn) => cost / (bare[turn] ?? Number.NaN))
  return {
    client,
    level,
    atOnce,
    cpuUs: figuresOf(costs),
    ratio: { min: Math.min(...costs) / Math.min(...bare), median: figuresOf(ratios).median },
    turns: costs.length,
  }
}

if (import.meta.main) {
  const known: readonly string[] = BENCH_CLIENTS
  const asked = process.argv.slice(2)
  const clients = asked.length === 0 ? BENCH_CLIENTS : asked.filter((name): name is BenchClient => known.includes(name))
  const shown = ({ min, median: middle }: Figures, digits: number): string =>
    `${min.toFixed(digits).padStart(8)}${middle.toFixed(digits).padStart(8)}`
  process.stdout.write(`${'client'.padEnd(16)}${'level'.padEnd(8)}at once   CPU us: min  median   ratio: min  median\n`)
  await measureOverhead({
    clients,
    onClient(rows) {
      for (const { client, level, atOnce, cpuUs, ratio } of rows)
        process.stdout.write(
          `${client.padEnd(16)}${level.padEnd(8)}${String(atOnce).padStart(7)}   ${shown(cpuUs, 1)}     ${shown(ratio, 3)}\n`,
        )
    },
  })
}

/** What the ledger costs: CPU time of a request with it, against the same request without. `node bench/overhead.ts` prints the table. */
import type { LedgerLevel } from '../harness/model/ledger-page.ts'
import { type Cores, ownCores } from './cores.ts'
import { type Figures, figuresOf } from './figures.ts'
import { type Far, startFar } from './process.ts'

export const BENCH_CLIENTS = ['undici.request', 'fetch', 'node:http', 'aws-sdk'] as const
export type BenchClient = (typeof BENCH_CLIENTS)[number]

/** What else people load to find out why a process does not end. */
export const PEERS = ['why-is-node-running', 'wtfnode', 'leaked-handles'] as const
export type Peer = (typeof PEERS)[number]

/** `none`: nothing of the kind in the process at all; `again`: nothing in a second such process, so that its distance from 1 is what the machine's noise makes of a ratio. */
export type BenchLevel = LedgerLevel | 'none' | 'again' | Peer
const LEVELS: readonly BenchLevel[] = ['none', 'again', 'off', 'sampled', 'full']

/** Requests under way at one time. One: a job, a test, a handler that awaits; every request wakes the process. Ten: a client kept busy, whose requests cost half as much. */
export const PACES = [1, 10] as const
export type Pace = (typeof PACES)[number]

/** What the product promises of its worst client, one request at a time. undici kept busy is beyond it, and why stands in docs/decisions/0001. */
export const OVERHEAD_LIMITS: { readonly [K in LedgerLevel]: number } = { off: 1.02, sampled: 1.1, full: 1.4 }

export interface OverheadRow {
  readonly client: BenchClient
  readonly level: BenchLevel
  readonly atOnce: Pace
  /** CPU microseconds of a request (user and system, all threads of the process): the mean of the quietest tenth of the turns, and the median of all. */
  readonly cpuUs: Figures
  /** Against level `none`: the quietest turns by its quietest, and the median of the ratios of turns taken one after the other. */
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
  /** Turns of each process of a generation at each pace; all levels take theirs before the next. */
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

/**
 * First turns of a process, thrown away: it opens connections, and its functions are compiled again and again. With 4 of them a bare request of undici costs 56 us
 * afterwards, with 12 it costs 44, with 30 and more 39; two bare processes are alike only then.
 */
const WARM_UP_TURNS = 30
/** The same where it has worked already, at another pace. */
const NEXT_PACE_TURNS = 10
/**
 * Turns in the same tenth of a second: a shared machine changes its speed by a factor of two for moments as well as for seconds, and a neighbour that hits every
 * turn of a level hits those of the others beside them. Shorter ones measure how a process that stood still gets going again: with 250 requests (10 ms) a bare one
 * costs 44 us where it costs 37 with 2,000, and a stack that is taken once in 16 requests, whose code is cold, 5 % more.
 */
const DEFAULTS = { generations: 3, rounds: 12, requests: 1_000 } as const
/** A request of the AWS SDK costs ten times those of the others (facts.md), so a tenth of them says as much. */
const SHARE: Partial<Record<BenchClient, number>> = { 'aws-sdk': 0.1 }

/** CPU microseconds of a request, turn by turn. */
type Costs = ReadonlyMap<BenchLevel, number[]>

/**
 * Measures every client at every level, in processes that take turns on this machine.
 * @returns one row for each client, pace and level, in the order asked for.
 */
export async function measureOverhead(options: OverheadOptions = {}): Promise<readonly OverheadRow[]> {
  const { clients = BENCH_CLIENTS, levels = LEVELS, paces = PACES, generations = DEFAULTS.generations, onClient } = options
  const cores = ownCores()
  const rows: OverheadRow[] = []
  for (const client of clients) {
    const costs = paces.map((atOnce) => ({ atOnce, byLevel: new Map(levels.map((level): [BenchLevel, number[]] => [level, []])) }))
    for (let generation = 0; generation < generations; generation += 1) {
      await using children = await startGeneration(client, levels, cores)
      for (const [index, { atOnce, byLevel }] of costs.entries()) {
        await measurePace(client, atOnce, index === 0 ? WARM_UP_TURNS : NEXT_PACE_TURNS, children.byLevel, byLevel, options)
      }
    }
    const mine = costs.flatMap(({ atOnce, byLevel }) =>
      [...byLevel].map(([level, turns]) => overheadRow(client, level, atOnce, turns, byLevel.get('none') ?? [])),
    )
    onClient?.(mine)
    rows.push(...mine)
  }
  return rows
}

interface Generation extends AsyncDisposable {
  readonly byLevel: ReadonlyMap<BenchLevel, Far>
}

/** A server, and for each level a process of its own that asks it. */
async function startGeneration(client: BenchClient, levels: readonly BenchLevel[], cores: Cores | null): Promise<Generation> {
  await using far = new AsyncDisposableStack()
  const [server, { origin }] = await startFar<{ origin: string }>(new URL('server.ts', import.meta.url), [], cores?.server ?? null)
  far.use(server)
  const byLevel = new Map<BenchLevel, Far>()
  for (const level of levels) {
    const [child] = await startFar(new URL('overhead-subject.ts', import.meta.url), [client, level, origin], cores?.client ?? null)
    byLevel.set(level, far.use(child))
  }
  const started = far.move()
  return { byLevel, [Symbol.asyncDispose]: () => started.disposeAsync() }
}

async function measurePace(
  client: BenchClient,
  atOnce: Pace,
  warmUpTurns: number,
  children: ReadonlyMap<BenchLevel, Far>,
  costs: Costs,
  options: OverheadOptions,
): Promise<void> {
  const { rounds = DEFAULTS.rounds, requests = DEFAULTS.requests } = options
  const order: CostOrder = { requests: Math.round(requests * (SHARE[client] ?? 1)), atOnce }
  let last: BenchLevel | null = null
  for (let round = -warmUpTurns; round < rounds; round += 1) {
    for (const level of drawn([...children.keys()], last)) {
      const answer = await children.get(level)?.ask<CostAnswer>(order)
      if (answer !== undefined && round >= 0) costs.get(level)?.push(answer.cpuUs / order.requests)
      last = level
    }
  }
}

/**
 * By lot: whoever always came first, or after the same other, would always find the machine and its caches in the state that leaves. Nobody comes twice
 * in succession, which would find them as he left them himself.
 */
function drawn(levels: readonly BenchLevel[], last: BenchLevel | null): readonly BenchLevel[] {
  const lots = levels.map((level) => ({ level, lot: Math.random() })).toSorted((a, b) => a.lot - b.lot)
  const [first, ...others] = lots.map(({ level }) => level)
  return first === undefined || first !== last ? lots.map(({ level }) => level) : [...others, first]
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
    cpuUs: { min: quietest(costs), median: figuresOf(costs).median },
    ratio: { min: quietest(costs) / quietest(bare), median: figuresOf(ratios).median },
    turns: costs.length,
  }
}

/** The mean of the smallest tenth, at least of one: of many short turns the very smallest is one that was lucky. */
function quietest(costs: readonly number[]): number {
  const tenth = costs.toSorted((a, b) => a - b).slice(0, Math.ceil(costs.length / 10))
  return tenth.reduce((sum, cost) => sum + cost, 0) / tenth.length
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

/** `npm run bench`: measures, prints Markdown, and leaves it with the JSON in reports/out/bench. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { measureCensus } from './census.ts'
import { ownCores } from './cores.ts'
import { measureOverhead, type OverheadRow, PEERS } from './overhead.ts'
import { type BenchRecord, benchMarkdown } from './tables.ts'
import { measureVerdicts } from './verdict.ts'

const SECTIONS = ['overhead', 'census', 'verdicts'] as const
const OUTPUT = 'reports/out/bench'
const PEER_ROUNDS = 12
/** Requests of a turn of theirs. */
const PEER_REQUESTS = 200

function turnsOf(text: string): number {
  const turns = Number(text)
  if (!Number.isInteger(turns) || turns < 1 || turns > 100) throw new InvalidArgumentError('a whole number from 1 to 100')
  return turns
}

const program = new Command('npm run bench --')
  .description(
    'Compares watertight with nothing, and with why-is-node-running, wtfnode, leaked-handles, ss and lsof. Ratios, not times: run it on a quiet machine, about ten minutes, most of them for the overhead.',
  )
  .addOption(new Option('--only <section...>', 'leave the others out').choices(SECTIONS))
  .option('--turns <n>', 'how often each cell is measured', turnsOf)
  .option('--json', 'print the record as JSON instead of Markdown', false)
  .parse()

const { only = SECTIONS, turns, json } = program.opts<{ only?: readonly (typeof SECTIONS)[number][]; turns?: number; json: boolean }>()
const contended = (loadavg()[0] ?? 0) > availableParallelism() / 2
const some = turns === undefined ? {} : { turns }

function progress(section: string): (row: object) => void {
  return (row) => process.stderr.write(`${section}  ${Object.values(row).slice(0, 2).join('  ')}\n`)
}

/** Ours, then the others: these cost so much that an eighth of the turns says as much. */
async function overheads(): Promise<readonly OverheadRow[]> {
  const some = turns === undefined ? {} : { rounds: turns }
  const onClient = (rows: readonly OverheadRow[]): void => rows.forEach(progress('overhead'))
  const ours = await measureOverhead({ ...some, onClient })
  const peers = await measureOverhead({
    onClient,
    levels: ['none', ...PEERS],
    generations: 1,
    requests: PEER_REQUESTS,
    rounds: turns ?? PEER_ROUNDS,
  })
  return [...ours, ...peers.filter(({ level }) => level !== 'none')]
}

const record: BenchRecord = {
  schema: 'watertight/bench@1',
  environment: {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpus: availableParallelism(),
    contended,
    pinned: ownCores() !== null,
  },
  verdicts: only.includes('verdicts') ? await measureVerdicts({ ...some, onRow: progress('verdicts') }) : null,
  census: only.includes('census') ? await measureCensus({ ...some, onRow: progress('census') }) : null,
  overhead: only.includes('overhead') ? await overheads() : null,
}
mkdirSync(OUTPUT, { recursive: true })
const asJson = `${JSON.stringify(record, null, 2)}\n`
writeFileSync(join(OUTPUT, 'bench.json'), asJson)
writeFileSync(join(OUTPUT, 'bench.md'), benchMarkdown(record))
process.stdout.write(json ? asJson : benchMarkdown(record))
process.stderr.write(`written: ${join(OUTPUT, 'bench.md')}, ${join(OUTPUT, 'bench.json')}\n`)

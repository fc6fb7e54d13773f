/** What one look at another process costs, by how many sockets it holds: our probes beside ss and lsof. */
import { spawnSync } from 'node:child_process'
import { countDescriptors } from '../harness/probes/descriptors.ts'
import { kernelProbe, seeingProbe } from '../harness/probes/kernel/kernel-probe.ts'
import { PROCFS, readProcfsRows } from '../harness/probes/kernel/procfs.ts'
import { type Figures, figuresOf, ratioOf } from './figures.ts'
import { startFar } from './process.ts'

export interface CensusRow {
  readonly method: string
  readonly sockets: number
  readonly ms: Figures
  /** Against our census of the same number of sockets. */
  readonly ratio: Figures
  /** How many of the sockets it told of; null: it only counts descriptors. */
  readonly found: number | null
}

export interface CensusOptions {
  readonly sockets?: readonly number[]
  readonly turns?: number
  readonly onRow?: (row: CensusRow) => void
}

interface Method {
  readonly name: string
  /** How many sockets to the port it sees; null where it cannot tell them apart. */
  look(pid: number, port: number): number | null
}

const SOCKETS = [10, 100, 1_000, 5_000] as const
const TURNS = 11
export const OURS = 'census'

/** Runs a tool and counts the lines that say what it was asked for; throws when the tool is not there. */
function linesOf(tool: string, args: readonly string[], saying: string): number {
  const { error, stdout } = spawnSync(tool, args, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 })
  if (error !== undefined) throw new Error(`bench: ${tool} is needed to compare with: ${error.message}`)
  return stdout.split('\n').filter((line) => line.includes(saying)).length
}

function methods(): readonly Method[] {
  const best = kernelProbe()
  const procfs = seeingProbe(PROCFS, readProcfsRows)
  const seen = (probe: typeof best) => (pid: number, port: number) =>
    probe.look({ pid }).filter((socket) => socket.remote.port === port).length
  return [
    { name: OURS, look: seen(best) },
    { name: 'census without koffi', look: seen(procfs) },
    {
      name: 'descriptor gauge',
      look: (pid) => {
        countDescriptors(pid)
        return null
      },
    },
    { name: 'ss -tanpe', look: (pid) => linesOf('ss', ['-Htanpe'], `pid=${pid},`) },
    { name: 'lsof', look: (pid, port) => linesOf('lsof', ['-nP', '-a', '-p', String(pid), '-iTCP'], `:${port}`) },
  ]
}

export async function measureCensus({ sockets = SOCKETS, turns = TURNS, onRow }: CensusOptions = {}): Promise<readonly CensusRow[]> {
  const rows: CensusRow[] = []
  const ways = methods()
  for (const count of sockets) {
    const [server, { origin }] = await startFar<{ origin: string }>(new URL('server.ts', import.meta.url), [])
    await using _server = server
    const [subject] = await startFar(new URL('census-subject.ts', import.meta.url), [origin, String(count)])
    await using _subject = subject
    const port = Number(new URL(origin).port)
    const costs = new Map<string, number[]>()
    const found = new Map<string, number | null>()
    for (let turn = -1; turn < turns; turn += 1) {
      for (const { name, look } of ways) {
        const before = performance.now()
        found.set(name, look(subject.pid, port))
        const cost = performance.now() - before
        if (turn >= 0) costs.set(name, [...(costs.get(name) ?? []), cost])
      }
    }
    const ours = figuresOf(costs.get(OURS) ?? [])
    for (const [method, values] of costs) {
      const ms = figuresOf(values)
      const row = { method, sockets: count, ms, ratio: ratioOf(ms, ours), found: found.get(method) ?? null }
      rows.push(row)
      onRow?.(row)
    }
  }
  return rows
}

/** How long after the work a tool has its answer, and whether that names the line: ours beside the hang printers. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Figures, figuresOf, ratioOf } from './figures.ts'
import { startFar } from './process.ts'

export const VERDICT_TOOLS = ['watertight', 'why-is-node-running', 'wtfnode', 'leaked-handles'] as const
export type VerdictTool = (typeof VERDICT_TOOLS)[number]

/** What the subject says when the tool has spoken. */
export interface VerdictAnswer {
  /** After the end of the work; of a leak that is waited for: after its deadline. */
  readonly afterWorkMs: number
  readonly said: string
}

export interface VerdictRow {
  readonly tool: VerdictTool
  readonly kind: 'leaky' | 'clean'
  readonly ms: Figures
  /** Against ours. */
  readonly ratio: Figures
  /** Its words name the line that sends the requests, in every turn. */
  readonly namesLine: boolean
  /** It says something about clean work, or nothing about a leak. */
  readonly isMistaken: boolean
}

export interface VerdictOptions {
  readonly turns?: number
  readonly onRow?: (row: VerdictRow) => void
}

const TURNS = 5
const SUBJECT = new URL('verdict-subject.ts', import.meta.url)

/** The line of the subject that sends the requests. */
function leakingLine(): string {
  const file = fileURLToPath(SUBJECT)
  const at = readFileSync(file, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes('/object`, { agent }'))
  return `verdict-subject.ts:${at + 1}`
}

export async function measureVerdicts({ turns = TURNS, onRow }: VerdictOptions = {}): Promise<readonly VerdictRow[]> {
  const rows: VerdictRow[] = []
  const line = leakingLine()
  const [server, { origin }] = await startFar<{ origin: string }>(new URL('server.ts', import.meta.url), [])
  await using _server = server
  for (const kind of ['clean', 'leaky'] as const) {
    let ours: Figures | null = null
    for (const tool of VERDICT_TOOLS) {
      const answers: VerdictAnswer[] = []
      for (let turn = 0; turn < turns; turn += 1) {
        const [subject, answer] = await startFar<VerdictAnswer>(SUBJECT, [tool, kind, origin])
        await using _subject = subject
        answers.push(answer)
      }
      const ms = figuresOf(answers.map(({ afterWorkMs }) => afterWorkMs))
      ours ??= ms
      const speaksOfRequests = answers.map(({ said }) => /127\.0\.0\.1|TCP|Socket|UNREAD/i.test(said))
      const row = {
        tool,
        kind,
        ms,
        ratio: ratioOf(ms, ours),
        namesLine: answers.every(({ said }) => said.includes(line)),
        isMistaken: speaksOfRequests.some((speaks) => speaks !== (kind === 'leaky')),
      }
      rows.push(row)
      onRow?.(row)
    }
  }
  return rows
}

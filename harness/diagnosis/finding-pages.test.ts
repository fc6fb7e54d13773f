/** Every code has a page in docs/findings/, every page a code, and what a page shows is found as it says. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createRawServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Diagnosis } from '../model/diagnosis.ts'
import { type Finding, type FindingCode, SEVERITY_OF } from '../model/finding.ts'

const FOLDER = fileURLToPath(new URL('../../docs/findings/', import.meta.url))
const DOOR = new URL('../index.ts', import.meta.url).href
const LIMITS_DOOR = new URL('../doors/limits/index.ts', import.meta.url).href

const codes = Object.keys(SEVERITY_OF) as readonly FindingCode[]
const pages = readdirSync(FOLDER).filter((name) => name.endsWith('.md'))
const pageOf = (code: string): string => (existsSync(`${FOLDER}${code}.md`) ? readFileSync(`${FOLDER}${code}.md`, 'utf8') : '')
/** What stands between two lines of three backticks. */
const exampleIn = (page: string): string => /^```js\n(.*?)^```$/ms.exec(page)?.[1] ?? ''

test('every code has a page, and every page a code', () => {
  expect(pages.toSorted()).toEqual(codes.map((code) => `${code}.md`).toSorted())
})

describe.each(codes)('the page of %s', (code) => {
  test('names its code and its severity', () => {
    expect(pageOf(code).split('\n').slice(0, 3)).toEqual([`# ${code}`, '', `Severity: ${SEVERITY_OF[code]}`])
  })

  test('has every part, on one screen', () => {
    const headings = [...pageOf(code).matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual([
      SEVERITY_OF[code] === 'leak' || SEVERITY_OF[code] === 'starvation' ? 'Leaks' : 'Shows',
      'How to read the evidence',
      'Fix, and what it costs',
      'Not to be confused with',
    ])
    const lines = pageOf(code).trimEnd().split('\n').length
    expect(lines).toBeGreaterThanOrEqual(25)
    expect(lines).toBeLessThanOrEqual(45)
  })

  test('links to pages that are there', () => {
    const links = [...pageOf(code).matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link)
    expect(links.filter((link) => link === `${code}.md` || !pages.includes(link ?? ''))).toEqual([])
  })
})

const NODE = Number(process.versions.node.split('.', 1)[0])
/** What an example is called by a Node that hides what the finding rests on; its page says so. */
const TOLD_AS: Partial<Record<FindingCode, FindingCode>> = NODE >= 26 ? { CLONE_BRANCH_UNREAD: 'UNREAD_BODY' } : {}
/** Examples that never settle; the others have all the time they want. */
const NEVER_SETTLE: ReadonlySet<string> = new Set<FindingCode>([
  'POOL_STARVED',
  'WORK_HUNG',
  'TIMEOUT_MISSING',
  'HEADERS_STALLED',
  'BODY_STALLED',
])
/** Examples that use up their descriptors; from outside, because Node raises its soft limit to the hard one when it starts. */
const FEW_DESCRIPTORS: ReadonlySet<string> = new Set<FindingCode>(['DESCRIPTORS_EXHAUSTED'])
/** Churn is nobody's line, and an allowance has none. */
const NO_LINE: ReadonlySet<string> = new Set<FindingCode>(['CONNECTION_CHURN', 'ALLOWANCE_UNUSED'])
/** An example that asks about limits and runs nothing. */
const isLint = (code: FindingCode): boolean => exampleIn(pageOf(code)).includes("from 'watertight/limits'")
/** Long enough to see that nothing moves: a body whose reader cannot be seen counts as unread after a second without a byte. */
const IDLE_TIMEOUT_MS = 2_000

describe('an example', () => {
  const bytes = createServer({ keepAliveTimeout: 0 }, ({ url }, response) => {
    if (url !== '/silence') response.end(Buffer.alloc(Number(url?.slice(1))))
  })
  const bye = createRawServer((socket) => void socket.on('error', () => {}).end('bye'))
  /** The far side of the planted programs: servers that keep silent, accept nobody, answer too early. */
  let farSide: ChildProcess
  let silent: object = {}
  const portOf = (server: Server): number => (server.address() as AddressInfo).port

  beforeAll(async () => {
    await Promise.all([bytes, bye].map((server) => once(server.listen(0, '127.0.0.1'), 'listening')))
    farSide = spawn(process.execPath, [fileURLToPath(new URL('../../fixtures/planted/far-side.ts', import.meta.url))], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface({ input: farSide.stdout as NodeJS.ReadableStream }), 'line')) as [string]
    silent = JSON.parse(line)
  })
  afterAll(() => {
    bytes.close().closeAllConnections()
    bye.close()
    farSide.stdin?.end()
  })

  async function lint(code: FindingCode): Promise<readonly Finding[]> {
    const program = `${exampleIn(pageOf(code)).replace("'watertight/limits'", JSON.stringify(LIMITS_DOOR))}
process.stdout.write(JSON.stringify(findings))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
    return JSON.parse(stdout) as Finding[]
  }

  /** In a process of its own: what it leaks must not be ours. As text, so that the page is the program. */
  async function judge(code: FindingCode): Promise<Diagnosis> {
    const far = { ...silent, origin: `http://127.0.0.1:${portOf(bytes)}`, byePort: portOf(bye) }
    const options = { idleTimeoutMs: IDLE_TIMEOUT_MS, ...(NEVER_SETTLE.has(code) ? { workTimeoutMs: 1_000 } : {}) }
    const program = `import { findLeaks } from ${JSON.stringify(DOOR)}
${exampleIn(pageOf(code))}
const diagnosis = await findLeaks(() => work(${JSON.stringify(far)}), { ...${JSON.stringify(options)}, ...${/^export const options/m.test(exampleIn(pageOf(code))) ? 'options' : '{}'} })
process.stdout.write(JSON.stringify(diagnosis))
process.exit(0)`
    const command = [process.execPath, '--input-type=module', '--eval', program]
    const [file = '', ...args] = FEW_DESCRIPTORS.has(code) ? ['prlimit', '--nofile=64:64', ...command] : command
    const { stdout } = await promisify(execFile)(file, args, { cwd: FOLDER })
    return JSON.parse(stdout) as Diagnosis
  }

  for (const code of codes.filter(isLint)) {
    test.concurrent(`of ${code} is what the lint says of it, and nothing else`, async ({ expect }) => {
      expect((await lint(code)).map((finding) => finding.code)).toEqual([code])
    })
  }

  for (const code of codes.filter((each) => !isLint(each))) {
    test.concurrent(`of ${code} is judged ${code}, at one of its own lines`, async ({ expect }) => {
      const { findings, workError, missing } = await judge(code)
      expect({ workError, missing }).toEqual({ workError: undefined, missing: [] })
      const found = findings.find((finding) => finding.code === (TOLD_AS[code] ?? code))
      expect(found, JSON.stringify(findings)).toBeDefined()
      // A process without a file calls its program [eval1].
      if (!NO_LINE.has(code)) expect(found?.openedAt?.file).toMatch(/^\[eval\d*\]$/)
    })
  }
})

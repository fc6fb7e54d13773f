/** What docs/clients/ says of each client is what happens: its examples are run, the findings it quotes and the connections it counts are compared. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createBackendServer, SOURCE_BUCKET } from '../../fixtures/s3-backend/server.ts'
import type { Finding } from '../model/finding.ts'

const FOLDER = fileURLToPath(new URL('../../docs/clients/', import.meta.url))
const DOOR = new URL('../index.ts', import.meta.url).href
/** Programs in other languages: their examples are scenarios of their own. */
const FOREIGN: ReadonlySet<string> = new Set(['go-net-http', 'python-requests'])
/** Their APIs are not S3's; what they ask for is answered by anything that sends a body. */
const OF_CLOUDS: ReadonlySet<string> = new Set(['azure', 'gcs', 'oci'])

const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.md') && name !== 'README.md')
  .map((name) => name.slice(0, -3))
  .toSorted()
const textOf = (name: string): string => readFileSync(`${FOLDER}${name}.md`, 'utf8')
const blocks = (page: string, language: string): string =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code).join('\n')

const SIZE_BYTES = 1_000_000
/** Enough to pass every limit of the pages. */
const LEAKS = 30
/** What the pages count connections for. */
const TIMES = 50

/** Answers every GET with the same megabyte: all that is asked of a cloud's server here. */
function anyServer(): Server {
  const headers = {
    'content-length': SIZE_BYTES,
    'content-type': 'application/octet-stream',
    etag: '"1"',
    'last-modified': new Date(0).toUTCString(),
  }
  return createServer((request, response) => {
    request.resume()
    response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : Buffer.alloc(SIZE_BYTES))
  })
}

/** What runs in a process of its own, after the page's own text: what is released first, what leaks last, because it stays. */
const PROGRAM = `
const { subscribe } = await import('node:diagnostics_channel')
let opened = 0
subscribe('net.client.socket', () => { opened += 1 })
const times = async (n, work) => { for (let at = 0; at < n; at += 1) await work(FAR) }
const released = {}
for (const [name, work] of Object.entries({ reads, ...(typeof letsGo === 'function' ? { letsGo } : {}) })) {
  opened = 0
  const { verdict, findings, workError } = await findLeaks(() => times(${TIMES}, work), { idleTimeoutMs: 3_000 })
  released[name] = { verdict, codes: findings.map(({ code }) => code), error: workError?.stack, connections: opened }
}
// Hung is decided by evidence here, not by patience.
const { findings } = await findLeaks(() => times(${LEAKS}, leaks), { idleTimeoutMs: 3_000, stallMs: 1_000 })
process.stdout.write(JSON.stringify({ released, findings }))
process.exit(0)
`

interface Released {
  readonly verdict: string
  readonly codes: readonly string[]
  readonly error?: string
  readonly connections: number
}

interface Outcome {
  readonly released: Readonly<Record<'reads' | 'letsGo', Released | undefined>>
  readonly findings: readonly Finding[]
}

async function run(name: string): Promise<Outcome> {
  const server = OF_CLOUDS.has(name) ? anyServer() : createBackendServer({ objects: 1, sizeBytes: SIZE_BYTES }).server
  // A server that gives up an idle connection heals a leak by luck.
  if ('keepAliveTimeout' in server) server.keepAliveTimeout = 0
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const far = { origin: `http://127.0.0.1:${port}`, port, bucket: SOURCE_BUCKET, key: 'object-0000' }
  const text = `import { findLeaks } from ${JSON.stringify(DOOR)}\n${blocks(textOf(name), 'js')}\nconst FAR = ${JSON.stringify(far)}${PROGRAM}`
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', text], { cwd: FOLDER })
    return JSON.parse(stdout) as Outcome
  } finally {
    server.close()
    ;(server as Server).closeAllConnections()
  }
}

/** `UNREAD_BODY  x25  25 response bodies were never read or released`, of what is a leak or keeps others waiting; WORK_HUNG tells how long it took this time. */
const quoted = (findings: readonly Finding[]): string =>
  findings
    .filter(({ code, severity }) => code !== 'WORK_HUNG' && (severity === 'leak' || severity === 'starvation'))
    .map(({ code, count, summary }) => `${code}  x${count}  ${summary}\n`)
    .join('')

/** The row of the page that says what a way of releasing costs: `| reads it | 1 or 2 |`. */
function costIn(page: string, way: 'reads' | 'letsGo'): readonly number[] {
  const [, cell = ''] = new RegExp(`^\\| \`${way}\`[^|]*\\| ([^|]*?) *\\|`, 'm').exec(page) ?? []
  return cell.split(' or ').map(Number)
}

test('each page is listed in the index, and the index lists nothing else', () => {
  const links = [...textOf('README').matchAll(/\]\(([a-z-]+)\.md\)/g)].map(([, name]) => name)
  expect([...new Set(links)].toSorted()).toEqual(names)
  expect(names).toEqual([
    'aws-sdk',
    'axios',
    'azure',
    'fetch',
    'gcs',
    'go-net-http',
    'got',
    'ky',
    'minio-js',
    'node-fetch',
    'node-http',
    'oci',
    'python-requests',
    'superagent',
    'undici',
  ])
})

test.each(names)('the page of %s has every part', (name) => {
  const headings = [...textOf(name).matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
  expect(headings).toEqual(['Hand it limits', 'What an unclosed body looks like', 'At the limit', 'Release it, and what that costs'])
})

describe('what a page says', () => {
  for (const name of names.filter((each) => !FOREIGN.has(each))) {
    test.concurrent(`of ${name} is what happens`, async ({ expect }) => {
      const page = textOf(name)
      const { released, findings } = await run(name)
      for (const [way, outcome] of Object.entries(released) as readonly ['reads' | 'letsGo', Released][]) {
        expect({ way, verdict: outcome.verdict, error: outcome.error }).toEqual({ way, verdict: 'clean', error: undefined })
        expect(costIn(page, way), `${way} opened ${outcome.connections} connections for ${TIMES} requests`).toContain(outcome.connections)
      }
      expect(quoted(findings)).toBe(blocks(page, 'text'))
      // A process without a file calls its program [eval1]: it is a line of the page. Some SDKs send so late that no frame of the caller's is left.
      const isNamed = !page.includes('names no line')
      expect(findings.map(({ openedAt }) => openedAt?.file.replace(/\d+/, '') ?? null)).toEqual(
        findings.map(() => (isNamed ? '[eval]' : null)),
      )
    })
  }
})

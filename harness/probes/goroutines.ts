/** How many goroutines a Go process has, asked over loopback: its own metrics, or net/http/pprof, which also says what they do. */
import http from 'node:http'
import { HarnessError } from '../model/errors.ts'
import type { Goroutines } from '../model/outside.ts'
import type { Missing } from '../model/sighting.ts'

const PROBE = 'goroutines'
/** A process under load answers in milliseconds; one that does not has no goroutine to spare, and must not hold our look up. */
const ANSWER_MS = 1_000
/** pprof writes a paragraph for each distinct stack: a few hundred at most. Whatever sends more is something else. */
const MOST_BYTES = 8_000_000

/** @throws {HarnessError} for an address that is not this machine's. */
export function checkGoroutinesUrl(option: string, text: string): URL {
  const url = URL.parse(text)
  if (url === null || url.protocol !== 'http:')
    throw new HarnessError(
      'INVALID_OPTION',
      `${option} got '${text}', which is no http URL`,
      `for example ${option} http://127.0.0.1:6060/debug/pprof/goroutine?debug=1 or ${option} http://127.0.0.1:9090/metrics`,
    )
  if (!/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname))
    throw new HarnessError('REMOTE_NOT_ALLOWED', `${option} ${url.origin} is not a loopback address`, 'forward the port to this machine')
  if (url.pathname === '/') url.pathname = '/debug/pprof/goroutine'
  if (url.pathname.endsWith('/goroutine') && url.search === '') url.search = '?debug=1'
  return url
}

export async function readGoroutines(url: URL): Promise<Goroutines | Missing> {
  try {
    const told = parseGoroutines(await get(url))
    return told ?? { probe: PROBE, missing: `${url.origin}${url.pathname} tells no goroutines: neither go_goroutines nor a pprof profile` }
  } catch (error) {
    return { probe: PROBE, missing: `${url.origin}${url.pathname}: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** Reads a pprof profile (`?debug=1`) or metrics in Prometheus' text format; null: neither. */
export function parseGoroutines(text: string): Goroutines | null {
  const total = /^goroutine profile: total (\d+)$/m.exec(text)?.[1]
  if (total !== undefined) return { total: Number(total), ...whatTheyDo(text) }
  const sums = [...text.matchAll(/^(?:\w+_)?(?:go_goroutines|go_routine_total)(?:\{[^}]*\})? ([\d.e+]+)/gm)].map(([, value]) =>
    Number(value),
  )
  return sums.length === 0 ? null : { total: sums.reduce((sum, value) => sum + value, 0), ofConnections: null, waiting: null }
}

/** Paragraphs like `25 @ 0x4a.. 0x4b..` and then a line for each frame, innermost first. */
function whatTheyDo(text: string): Pick<Goroutines, 'ofConnections' | 'waiting'> {
  let ofConnections = 0
  let waiting = 0
  for (const paragraph of text.split('\n\n')) {
    const count = Number(/^(\d+) @ /m.exec(paragraph)?.[1] ?? 0)
    if (/net\/http\.\(\*persistConn\)\.(readLoop|writeLoop)\+/.test(paragraph)) ofConnections += count
    if (/net\/http\.\(\*Transport\)\.getConn\+/.test(paragraph)) waiting += count
  }
  return { ofConnections, waiting }
}

/** Without a pool: nothing of ours stays open in the process that is watched. */
function get(url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(
      url,
      { agent: false, headers: { connection: 'close' }, signal: AbortSignal.timeout(ANSWER_MS) },
      (response) => {
        const chunks: Buffer[] = []
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > MOST_BYTES) request.destroy(new Error(`sends more than ${MOST_BYTES} bytes`))
          else chunks.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () => {
          if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'))
          else reject(new Error(`answered ${response.statusCode}`))
        })
      },
    )
    request.on('error', (error) => reject(error.name === 'TimeoutError' ? new Error(`no answer within ${ANSWER_MS} ms`) : error))
  })
}

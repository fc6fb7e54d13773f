import { duration } from '../../../../reports/amounts.ts'
import { why } from '../../../../reports/finding-text.ts'
import { oneLine } from '../../../../reports/neutralise.ts'
import { type Paint, paintFor } from '../../../../reports/paint.ts'
import { HarnessError } from '../../../model/errors.ts'
import type { Finding } from '../../../model/finding.ts'
import { askServer, type ServerWord } from '../../limits/ask-server.ts'
import { checkLimits, type LimitChainGiven, type LimitSideGiven } from '../../limits/index.ts'
import { isLoopback } from '../backend-choice.ts'
import { EXIT } from '../exit-code.ts'
import { type Io, print, wantsColour } from '../io.ts'
import { quoted } from '../quoted.ts'
import type { CheckArguments, PlaceArguments } from './limits-arguments.ts'
import { limitsJson } from './limits-json.ts'

/** `watertight limits check`: 1 when something is misconfigured, 0 when nothing is. */
export async function checkCommand(parsed: CheckArguments, io: Io): Promise<number> {
  const url = parsed.url === null ? null : urlOf(parsed.url, parsed.allowRemote)
  if (parsed.measureMs !== null && url === null)
    throw misuse('--measure watches a running server, and none was named', 'add --url http://127.0.0.1:port')
  const given = chainOf(parsed)
  if (Object.keys(given).length === 0 && url === null)
    throw misuse('nothing to check: no client, proxy or server was named', 'for example --client undici --server http-server')
  // Mistakes in what was written are told before anybody is asked.
  if (Object.keys(given).length > 0) checkLimits(given)
  const word = url === null ? null : await askServer(url, parsed.measureMs)
  const findings = checkLimits({ ...given, ...(url === null || word === null ? {} : { live: { name: url.origin, ...word } }) })
  const isWrong = findings.some(({ severity }) => severity === 'misconfiguration')
  const paint = paintFor(wantsColour(io.stdout, io.env))
  const verdict = isWrong ? 'misconfigured' : 'clean'
  await print(
    io,
    parsed.json
      ? limitsJson({ schema: 'watertight/limits-check@1', verdict, live: word, findings })
      : checkText(findings, { verdict, word, paint }),
  )
  return isWrong ? EXIT.unexpected : EXIT.ok
}

const misuse = (what: string, remedy: string): HarnessError => new HarnessError('INVALID_OPTION', what, remedy)

function chainOf({ client, keep, proxy, proxyClient, server }: CheckArguments): LimitChainGiven {
  if (keep !== null && client.profile === null)
    throw misuse('--profile says what a client is to keep, and no client was named', 'add --client undici, for example')
  const places = { client, proxy, proxyClient, server } satisfies Record<string, PlaceArguments>
  const flags = { client: 'client', proxy: 'proxy', proxyClient: 'proxy-client', server: 'server' } as const
  const given = Object.entries(places).flatMap(([place, { profile, options }]): readonly (readonly [string, LimitSideGiven])[] => {
    const flag = flags[place as keyof typeof flags]
    if (profile !== null) return [[place, { profile, options, ...(place === 'client' && keep !== null ? { keep } : {}) }]]
    if (Object.keys(options).length === 0) return []
    throw misuse(
      `--${flag}-option sets an option of a profile, and none was named`,
      `add --${flag} <profile>; \`watertight limits list\` has them`,
    )
  })
  return Object.fromEntries(given)
}

function urlOf(text: string, allowRemote: boolean): URL {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw misuse(`--url got ${quoted(text)}, which is no http or https URL`, 'for example --url http://127.0.0.1:3000')
  if (url.username !== '' || url.password !== '')
    throw misuse('--url got a URL with credentials in it: they would end up in reports and process lists', 'leave them out')
  if (!allowRemote && !isLoopback(url))
    throw new HarnessError(
      'REMOTE_NOT_ALLOWED',
      `--url ${url.origin} is not a loopback address, and other machines are not asked unasked`,
      'add --allow-remote if that server is yours',
    )
  return url
}

function wordText({ hintMs, closesAtOnce, measuredMs, watchedMs }: ServerWord): string {
  if (closesAtOnce) return 'it closes each connection after its answer: nothing is ever idle'
  const hint = hintMs === null ? 'it announces no idle timeout' : `it announces an idle timeout of ${duration(hintMs)}`
  if (watchedMs === null) return hintMs === null ? `${hint}: --measure 60s finds out` : hint
  return `${hint}; ${measuredMs === null ? `it did not close an idle connection within ${duration(watchedMs)}` : `it closed an idle connection after ${duration(measuredMs)}`}`
}

interface Shown {
  readonly verdict: string
  readonly word: ServerWord | null
  readonly paint: Paint
}

function checkText(findings: readonly Finding[], { verdict, word, paint }: Shown): string {
  const head = `${paint(verdict === 'clean' ? 'green' : 'yellow', verdict)}  ${findings.length === 0 ? 'nothing is wrong with these limits' : `${findings.length} found`}`
  const told = findings.map((finding) =>
    [
      `  ${paint('bold', finding.code)}  ${oneLine(finding.summary)}`,
      `     why   ${why(finding)}`,
      `     fix   ${oneLine(finding.advice)}`,
    ].join('\n'),
  )
  return `${[head, ...(word === null ? [] : [`  server  ${wordText(word)}`]), ...told].join('\n\n')}\n`
}

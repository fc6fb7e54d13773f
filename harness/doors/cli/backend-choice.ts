import { BlockList, isIP } from 'node:net'
import { type BackendKind, OWN_KINDS } from '../../model/backend.ts'
import { HarnessError } from '../../model/errors.ts'
import { either, nearest } from '../../session/nearest.ts'
import type { Environment } from './io.ts'
import { quoted } from './quoted.ts'

export interface BackendChoice {
  readonly kinds: readonly BackendKind[]
  /** Origin of the server when one was given. */
  readonly url: string | null
}

/** Without --backend: all we can start ourselves; what does not answer here is reported as skipped. */
const EVERY_BACKEND: BackendChoice = { kinds: OWN_KINDS, url: null }

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

export function isLoopback(url: URL): boolean {
  // URL writes IPv6 in brackets; a name other than localhost could resolve to anything
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const version = isIP(host)
  return version === 0 ? host === 'localhost' || host.endsWith('.localhost') : LOOPBACK.check(host, version === 4 ? 'ipv4' : 'ipv6')
}

function invalid(message: string, remedy: string): HarnessError {
  return new HarnessError('INVALID_OPTION', `--backend ${message}`, remedy)
}

function originOf(text: string, allowRemote: boolean, env: Environment): string {
  const url = URL.parse(text)
  if (url === null)
    throw invalid(`got ${quoted(text)}, which is not a URL`, 'write scheme, host and port, for example --backend http://127.0.0.1:9000')
  if (url.username !== '' || url.password !== '') {
    throw invalid(
      'got a URL with credentials in it: they would end up in reports and process lists',
      'leave them out of the URL and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead',
    )
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw invalid(`got ${quoted(text)}: a backend speaks http or https`, `for example --backend http://${url.host || '127.0.0.1:9000'}`)
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw invalid(`got ${quoted(text)}: it takes an origin, without path or query (buckets are made by the run)`, `--backend ${url.origin}`)
  }
  if (!allowRemote && !isLoopback(url)) {
    throw new HarnessError(
      'REMOTE_NOT_ALLOWED',
      `--backend ${url.origin} is not a loopback address: a run opens hundreds of connections and creates buckets there, so it does not touch other machines unasked`,
      'add --allow-remote if that server is yours to load',
    )
  }
  const missing = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].filter((name) => (env[name] ?? '') === '')
  if (missing.length > 0) {
    throw invalid(
      `${url.origin} needs credentials, and ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set`,
      `export ${missing.map((name) => `${name}=...`).join(' ')}`,
    )
  }
  return url.origin
}

/** Reads --backend: a kind, or the URL of a running server; null when it was not given. */
export function backendChoice(text: string | null, allowRemote: boolean, env: Environment): BackendChoice {
  if (text === null) return EVERY_BACKEND
  const own = OWN_KINDS.find((kind) => kind === text)
  if (own !== undefined) return { kinds: [own], url: null }
  if (/^[a-z][a-z\d+.-]*:/i.test(text)) return { kinds: ['url'], url: originOf(text, allowRemote, env) }
  const meant = nearest(text, OWN_KINDS)
  throw invalid(
    `does not know ${quoted(text)}: it takes ${either([...OWN_KINDS, 'a URL'])}`,
    meant === null ? 'for example --backend embedded, or --backend http://127.0.0.1:9000' : `did you mean --backend ${meant}?`,
  )
}

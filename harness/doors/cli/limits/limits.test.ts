import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createRawServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIMIT_TARGETS } from '../../../limits/map-onto.ts'
import { LIMIT_PROFILE_NAMES } from '../../../limits/profiles.ts'
import { invoke } from '../fake-world.ts'

const limits = (...argv: readonly string[]) => invoke(['limits', ...argv])
const check = async (...argv: readonly string[]) => {
  const { code, stdout } = await limits('check', ...argv, '--json')
  const document = JSON.parse(stdout) as {
    readonly verdict: string
    readonly findings: readonly { readonly code: string; readonly severity: string }[]
  }
  return { code, verdict: document.verdict, codes: document.findings.map((finding) => finding.code) }
}

describe('limits list, show and for', () => {
  test('list has every profile, as a table and as a document', async () => {
    const { stdout, code } = await limits('list')
    expect(code).toBe(0)
    for (const name of LIMIT_PROFILE_NAMES) expect(stdout).toContain(name)
    const document = JSON.parse((await limits('list', '--json')).stdout) as {
      readonly schema: string
      readonly profiles: readonly { readonly name: string }[]
    }
    expect(document.schema).toBe('watertight/limits@1')
    expect(document.profiles.map(({ name }) => name)).toEqual(LIMIT_PROFILE_NAMES)
  })

  test.each(LIMIT_PROFILE_NAMES)('show %s has a source, a version and a date for each number', async (name) => {
    const { profiles } = JSON.parse((await limits('show', name, '--json')).stdout) as {
      readonly profiles: readonly [
        {
          readonly limits: Readonly<
            Record<string, { readonly value: unknown; readonly source: string; readonly version: string; readonly date: string }>
          >
        },
      ]
    }
    const [{ limits: knobs }] = profiles
    expect(Object.keys(knobs).length).toBeGreaterThan(0)
    for (const [knob, { value, source, version, date }] of Object.entries(knobs)) {
      expect([knob, value, source, version]).not.toContain('')
      expect(value, knob).not.toBeNull()
      expect(date, knob).toMatch(/^\d{4}-\d\d-\d\d$/)
    }
  })

  test('show tells a document and its code apart', async () => {
    const { stdout } = await limits('show', 'aistore-server')
    expect(stdout).toMatch(/idle timeout +30 s .*htcommon\.go/)
    expect(stdout).toMatch(/or 20 s .*docs\/idle_connections\.md/)
  })

  test.each(LIMIT_TARGETS)('for %s prints options, and the fate of each limit with its reason', async (target) => {
    const { stdout, code } = await limits('for', target)
    expect(code).toBe(0)
    const document = JSON.parse((await limits('for', target, '--json')).stdout) as {
      readonly knobs: readonly { readonly fate: string; readonly reason: string | null }[]
    }
    expect(stdout).toMatch(/import \{/)
    expect(document.knobs.filter(({ fate, reason }) => fate !== 'ENFORCED' && reason === null)).toEqual([])
  })

  test('for undici keeps the caps of a profile through cappedAgent', async () => {
    const { stdout } = await limits('for', 'undici', '--profile', 'aistore-intra-recommended')
    expect(stdout).toContain('cappedAgent(undici, { maxIdleTotal: 2000, maxIdlePerHost: 100 }')
    expect(stdout).toContain('keepAliveMaxTimeout: 20000')
  })
})

describe('limits check', () => {
  test('says 1 for what is misconfigured and 0 for what is not', async () => {
    const race = [
      '--client',
      'undici',
      '--client-option',
      'keepAliveTimeout=6000',
      '--server',
      'http-server',
      '--server-option',
      'keepAliveTimeout=5000',
    ]
    expect(await check(...race)).toEqual({ code: 1, verdict: 'misconfigured', codes: ['IDLE_RACE'] })
    expect(await check('--client', 'undici', '--server', 'http-server')).toEqual({ code: 0, verdict: 'clean', codes: [] })
    expect(await check('--client', 'aistore-intra', '--client-option', 'idle_conns_per_host=-1')).toEqual({
      code: 0,
      verdict: 'clean',
      codes: ['CONNECTION_CHURN'],
    })
  })

  test('tells it to people with its numbers and the value to set', async () => {
    const { stdout, code } = await limits('check', '--client', 'aws-sdk', '--client-option', 'timeout=30s', '--server', 'minio-server')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^misconfigured {2}\d found/)
    expect(stdout).toMatch(/IDLE_RACE {2}aws-sdk to minio-server: aws-sdk keeps a connection idle for 30 s, minio-server closes it at 30 s/)
    expect(stdout).toMatch(/fix {3}.*timeout: 20000/)
  })

  test('holds a client to a profile, and names what it cannot keep', async () => {
    const { codes, code } = await check('--client', 'undici', '--client-option', 'poolWaitMs=5s', '--profile', 'go-article')
    expect({ codes, code }).toEqual({ codes: ['LIMIT_UNENFORCED', 'LIMIT_UNENFORCED', 'LIMIT_UNENFORCED'], code: 1 })
  })

  test.each<[readonly string[], RegExp]>([
    [['chek'], /unknown command 'chek'[\s\S]*did you mean check\?/],
    [['check'], /nothing to check/],
    [['check', '--client', 'undic'], /did you mean --client undici\?/],
    [['check', '--client', 'http-server'], /http-server is the profile of a server, and a client stands here/],
    [['check', '--client', 'undici', '--client-option', 'keepAliveTimout=3'], /did you mean keepAliveTimeout\?/],
    [['check', '--client', 'undici', '--client-option', 'foo=1'], /no option "foo": it has [\s\S]*\n {2}remedy: /],
    [['check', '--client', 'undici', '--client-option', 'keepAliveTimeout'], /takes name=value/],
    [['check', '--server-option', 'keepAliveTimeout=3'], /add --server <profile>/],
    [
      ['check', '--client', 'aistore-intra', '--client-option', 'idle_conns=5000'],
      /invalid idle_conns 5000 \(expecting range \[0 - 4096\]\)/,
    ],
    [['check', '--url', 'http://192.0.2.1'], /is not a loopback address[\s\S]*--allow-remote/],
    [['check', '--url', 'ftp://127.0.0.1'], /no http or https URL/],
    [['check', '--url', 'http://u:p@127.0.0.1'], /credentials/],
    [['check', '--client', 'undici', '--measure', '3s'], /add --url/],
    [['for', 'undic'], /did you mean limits for undici\?/],
    [['for', 'undici', '--profile', 'http-server'], /http-server is the profile of a server, and undici is a client/],
    [['show', 'go-artcle'], /did you mean limits show go-article\?/],
  ])('%j is misuse', async (argv, message) => {
    const { code, stdout, stderr } = await limits(...argv)
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('u:p')
  })
})

describe('a running server', () => {
  const hints = createServer({ keepAliveTimeout: 3_000 }, (_request, response) => void response.end('hello'))
  const silent = createServer({ keepAliveTimeout: 500, keepAliveTimeoutBuffer: 0 }, (_request, response) => {
    response.removeHeader('keep-alive')
    response.shouldKeepAlive = true
    response.writeHead(200, { connection: 'keep-alive', 'content-length': '2' }).end('ok')
  })
  /** Announces a minute, and closes after a tenth of a second. */
  const liar = createRawServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=60\r\nContent-Length: 0\r\n\r\n')
        setTimeout(() => socket.destroy(), 100)
      })
  })
  const churns = createServer((_request, response) => void response.writeHead(200, { connection: 'close' }).end())
  const servers = [hints, silent, liar, churns]
  const urlOf = (server: Pick<Server, 'address'>): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  beforeAll(async () => {
    await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')))
  })
  afterAll(() => {
    for (const server of servers) server.close()
  })
  const BOUNDED = ['timeout=0', 'maxSockets=25', 'signalTimeout=60s'].flatMap((option) => ['--client-option', option])

  test('is taken at its word', async () => {
    expect(await check('--client', 'http-agent-keepalive', ...BOUNDED, '--url', urlOf(hints))).toMatchObject({
      code: 1,
      codes: ['IDLE_RACE'],
    })
    expect(await check('--client', 'undici', '--url', urlOf(hints))).toMatchObject({ code: 0, codes: [] })
    expect((await limits('check', '--url', urlOf(hints))).stdout).toContain('it announces an idle timeout of 3.0 s')
  })

  test('is watched until it closes, and the measurement is what counts', async () => {
    const { stdout } = await limits(
      'check',
      '--client',
      'http-agent-keepalive',
      ...BOUNDED,
      '--url',
      urlOf(liar),
      '--measure',
      '5s',
      '--json',
    )
    const { live, findings } = JSON.parse(stdout) as {
      readonly live: { readonly hintMs: number; readonly measuredMs: number }
      readonly findings: readonly { readonly code: string; readonly summary: string }[]
    }
    expect(live.hintMs).toBe(60_000)
    expect(live.measuredMs).toBeGreaterThanOrEqual(50)
    expect(live.measuredMs).toBeLessThan(5_000)
    expect(findings.map(({ code }) => code).toSorted()).toEqual(['IDLE_RACE', 'LIMIT_CONTRADICTION'])
  })

  test('that says nothing is unknown until it is measured', async () => {
    const undici = ['--client', 'undici', '--client-option', 'keepAliveTimeout=20s']
    const { stdout } = await limits('check', '--url', urlOf(silent))
    if (!stdout.includes('announces an idle timeout')) expect(stdout).toContain('--measure 60s finds out')
    expect(await check(...undici, '--url', urlOf(silent), '--measure', '10s')).toMatchObject({
      codes: expect.arrayContaining(['IDLE_RACE']),
    })
  })

  test('differs from what it is said to be', async () => {
    const { codes } = await check('--server', 'minio-server', '--url', urlOf(silent), '--measure', '10s')
    expect(codes).toContain('LIMIT_CONTRADICTION')
  })

  test('that closes after each answer has no idle connections to race for', async () => {
    expect(await check('--client', 'undici', '--url', urlOf(churns))).toEqual({ code: 0, verdict: 'clean', codes: ['CONNECTION_CHURN'] })
  })

  test('that does not answer makes it 2', async () => {
    const gone = createServer()
    await once(gone.listen(0, '127.0.0.1'), 'listening')
    const url = urlOf(gone)
    await new Promise((resolve) => gone.close(resolve))
    const { code, stderr } = await limits('check', '--client', 'undici', '--url', url)
    expect(code).toBe(2)
    expect(stderr).toContain('does not answer')
  })
})

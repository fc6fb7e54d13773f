import { describe, expect, test } from 'vitest'
import { OWN_KINDS } from '../../model/backend.ts'
import { fakeScenario, invoke } from './fake-world.ts'

describe('a command line that is understood', () => {
  const credentials = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's' }

  test('asks for everything by default', async () => {
    const { request, code } = await invoke(['run'])
    expect(code).toBe(0)
    expect(request).toMatchObject({
      variants: ['leaky', 'fixed'],
      backends: OWN_KINDS,
      url: null,
      iterations: 1,
      workTimeoutMs: 60_000,
      idleTimeoutMs: null,
      bail: false,
    })
    expect(request?.scenarios.map(({ scenario }) => scenario.name)).toEqual(['article-batch-copy', 'hang-versus-leak'])
  })

  test('hands every option over', async () => {
    const options = [
      '--variant',
      'fixed',
      '--backend',
      'minio',
      '--iterations',
      '3',
      '--work-timeout',
      '1m30s',
      '--idle-timeout=500ms',
      '--bail',
    ]
    const { request } = await invoke(['run', 'article-batch-copy', ...options])
    expect(request).toMatchObject({
      variants: ['fixed'],
      backends: ['minio'],
      iterations: 3,
      workTimeoutMs: 90_000,
      idleTimeoutMs: 500,
      bail: true,
    })
  })

  test.each(['http://127.0.0.1:9000', 'http://localhost:9000/', 'http://[::1]:9000', 'http://127.8.9.1'])(
    'takes %s as it is on this machine',
    async (url) => {
      const { request } = await invoke(['run', '--backend', url], { env: credentials })
      expect(request).toMatchObject({ backends: ['url'], url: new URL(url).origin })
    },
  )

  test('goes to another machine when it is told to', async () => {
    const { request } = await invoke(['run', '--backend', 'https://storage.example.com', '--allow-remote'], { env: credentials })
    expect(request?.url).toBe('https://storage.example.com')
  })

  test('runs a scenario without a backend on any choice, and names what it leaves out', async () => {
    const scenarios = [fakeScenario('timers', []), fakeScenario('hang-versus-leak', ['embedded'])]
    const { request, stderr } = await invoke(['run', '--backend', 'minio'], { scenarios })
    expect(request?.scenarios.map(({ scenario }) => scenario.name)).toEqual(['timers'])
    expect(stderr).toContain('no such variant or backend in hang-versus-leak: not part of this run\n')
  })

  test.each([['--help'], ['run', '--help'], ['help', 'run'], ['list', '--help'], ['--version']])(
    '%s %s is answered on stdout',
    async (...words) => {
      const { code, stdout, stderr } = await invoke(words.filter((word) => word !== undefined))
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(words[0] === '--version' ? /^0\.1\.0\n$/ : /^Usage: watertight/)
    },
  )

  test.each([
    [['list'], '0 listed; 3 a bad option'],
    [['init'], '0 written; 3 a bad option'],
    [['limits', 'list'], '0 printed; 3 a bad option'],
    [['limits', 'show'], '0 printed; 3 a bad option'],
    [['limits', 'for'], '0 printed; 3 a bad option'],
  ])('the help of %j has exit codes of its own', async (words, codes) => {
    const { stdout } = await invoke([...words, '--help'])
    expect(stdout).toContain(`Exit codes: ${codes}`)
    expect(stdout).not.toContain('verdict')
  })

  test('the help of run names every option, exit code and environment variable', async () => {
    const { stdout } = await invoke(['run', '--help'])
    expect(stdout).toMatchInlineSnapshot(`
      "Usage: watertight run [options] [scenario...]

      Runs scenarios (all by default), each variant in a process of its own, and judges what is still open
      that should not be.

      Arguments:
        scenario                      names, as \`watertight list\` shows them

      Options:
        --variant <leaky|fixed|both>  which variants (default: both)
        --backend <kind|url>          only this backend: embedded, minio, azurite, fake-gcs, toxiproxy,
                                      cluster or a URL (default: every one that answers)
        --require <backends>          comma list: exit 2 when one of these could not run
        --iterations <n>              repeat the work of each run; growth is judged from 3 on (default: 1)
        --idle-timeout <duration>     replaces each scenario's own contract: back at the baseline this
                                      long after the work ends
        --work-timeout <duration>     work that takes longer is WORK_HUNG (default: 60s)
        --bail                        stop after the first run that is not as declared
        --allow-remote                let --backend <url> name a machine other than this one
        --json                        print one JSON document (watertight/run@1) instead of the text
        --reporter <formats>          comma list of text, json, html, junit, openmetrics, markdown,
                                      github: what to write to the output folder (default: text,json,html)
        --config <file>               the configuration to use (default: watertight.config.ts of the
                                      working directory, if it is there)
        --output <folder>             where to write run.txt, run.json, run.html and the others (default:
                                      reports/out)
        -h, --help                    display help for command

      A scenario whose backend cannot run here is reported as NOT RUN with the remedy; it fails the run
      only if that backend was asked for: by --require, by --backend, or by WATERTIGHT_REQUIRE_DOCKER=1.

      The report goes to stdout, progress to stderr. With --json stdout is exactly one JSON document.
      The output folder gets run.txt, run.json and run.html, a page that needs nothing but a browser;
      --reporter junit writes junit.xml for CI, openmetrics run.prom, markdown run.md for a job's summary;
      github also prints annotations, an error at each line that leaked.

      Examples:
        watertight run
        watertight run article-batch-copy --variant both --backend minio --json
        watertight run --require minio --bail
        AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... watertight run --backend http://127.0.0.1:9000

      Exit codes, the first that applies:
        3    misuse: bad option, bad configuration, unknown scenario, too old Node
        1    a verdict other than declared
        2    inconclusive, or a required part is missing
        0    every run is as declared (a leaky scenario that leaks is)
        130  interrupted by Ctrl-C, 143 by SIGTERM; what was judged so far is reported

      Environment:
        WATERTIGHT_MINIO_BIN        a MinIO binary to start as a plain process; no container engine needed
        WATERTIGHT_MINIO_IMAGE      the MinIO image to run instead of the pinned one
        WATERTIGHT_FAKE_GCS_BIN, WATERTIGHT_TOXIPROXY_BIN,
        WATERTIGHT_FAKE_GCS_IMAGE, WATERTIGHT_TOXIPROXY_IMAGE
                                    the same of fake-gcs-server and toxiproxy
        WATERTIGHT_REQUIRE_DOCKER   1: exit 2 when a run on minio, fake-gcs or toxiproxy had
                                    to be skipped
        DOCKER_HOST                 where the container engine listens
        AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
                                    credentials for --backend <url>
        NO_COLOR, FORCE_COLOR       without colour, or with it in any case
        CI                          plain progress lines instead of a live list

      "
    `)
  })
})

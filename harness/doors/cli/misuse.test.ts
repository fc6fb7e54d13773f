import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { invoke } from './fake-world.ts'

/** What a mistake is answered with; that it costs 3, starts nothing and leaves stdout empty is checked for all. */
async function complaint(...commandLine: string[]): Promise<string> {
  const { code, stdout, stderr, request } = await invoke(commandLine)
  expect({ code, stdout, request }).toEqual({ code: 3, stdout: '', request: null })
  return stderr
}

describe('misuse is answered with what, where, why and remedy', () => {
  test('no command', async () => {
    expect(await complaint()).toMatchInlineSnapshot(`
      "watertight: a command is missing: watertight does nothing unasked
        remedy: \`watertight run\` runs all scenarios; \`watertight --help\` lists what there is
      "
    `)
  })
  test('no command of limits, which are its own', async () => {
    expect(await complaint('limits')).toMatchInlineSnapshot(`
      "watertight: a command of limits is missing: list, show, for or check
        remedy: \`watertight limits list\` lists the profiles; \`watertight limits --help\` lists what there is
      "
    `)
  })
  test("an option of the program's own, without a -- before it", async () => {
    expect(await complaint('exec', 'node', '-e', '1')).toMatchInlineSnapshot(`
      "watertight: unknown option '-e'
        remedy: put -- before the command if that is an option of its own (watertight exec -- <command...>); \`watertight exec --help\` lists what there is
      "
    `)
    expect(await complaint('exec', '--timout', '5s', '--', 'node')).not.toContain('put --')
  })
  test('an unknown command', async () => {
    expect(await complaint('rnu')).toMatchInlineSnapshot(`
      "watertight: unknown command 'rnu'
        remedy: did you mean run? \`watertight --help\` lists what there is
      "
    `)
  })
  test.each([
    ['help', 'rnu'],
    ['help', 'rnu', 'twice'],
    ['limits', 'help', 'rnu'],
  ])('help for an unknown command: %s %s %s', async (...words) => {
    expect(await complaint(...words)).toMatch(/^watertight: unknown command 'rnu'\n {2}remedy: .*--help` lists what there is\n$/)
  })
  test('an unknown option, also with --json', async () => {
    expect(await complaint('run', '--json', '--bakend', 'minio')).toMatchInlineSnapshot(`
      "watertight: unknown option '--bakend'
        remedy: did you mean --backend? \`watertight run --help\` lists what there is
      "
    `)
  })
  test('an option without its value', async () => {
    expect(await complaint('run', '--variant')).toMatchInlineSnapshot(`
      "watertight: option '--variant <leaky|fixed|both>' argument missing
        remedy: \`watertight run --help\` lists what there is
      "
    `)
  })
  test('a word that list does not take', async () => {
    expect(await complaint('list', 'minio')).toMatchInlineSnapshot(`
      "watertight: too many arguments for 'list'. Expected 0 arguments but got 1: minio.
        remedy: \`watertight list --help\` lists what there is
      "
    `)
  })
  test('an unknown scenario', async () => {
    expect(await complaint('run', 'article-bach-copy')).toMatchInlineSnapshot(`
      "watertight: there is no scenario 'article-bach-copy' among the 2 there are
        remedy: did you mean article-batch-copy? \`watertight list\` shows them all
      "
    `)
  })
  test('two unknown scenarios, one of them like none', async () => {
    expect(await complaint('run', 'hang-versus-leak', 'article', 'zzz')).toMatchInlineSnapshot(`
      "watertight: there are no scenarios 'article', 'zzz' among the 2 there are
        remedy: did you mean article-batch-copy? \`watertight list\` shows them all
      "
    `)
  })
  test('an unknown variant', async () => {
    expect(await complaint('run', '--variant', 'leeky')).toMatchInlineSnapshot(`
      "watertight: --variant does not know 'leeky': it takes leaky, fixed or both
        remedy: did you mean --variant leaky?
      "
    `)
  })
  test('an unknown backend', async () => {
    expect(await complaint('run', '--backend', 'minoi')).toMatchInlineSnapshot(`
      "watertight: --backend does not know 'minoi': it takes embedded, minio, azurite, fake-gcs, toxiproxy, cluster or a URL
        remedy: did you mean --backend minio?
      "
    `)
  })
  test('an unknown required backend', async () => {
    expect(await complaint('run', '--require', 'minio,azure')).toMatchInlineSnapshot(`
      "watertight: --require does not know 'azure': it takes embedded, minio, azurite, fake-gcs, toxiproxy or cluster
        remedy: did you mean --require azurite?
      "
    `)
  })
  test('an unknown report format', async () => {
    expect(await complaint('run', '--reporter', 'jsn')).toMatchInlineSnapshot(`
      "watertight: --reporter does not know 'jsn': it takes text, json, html, junit, openmetrics, markdown or github
        remedy: did you mean --reporter json?
      "
    `)
  })
  test('a number of iterations out of bounds', async () => {
    expect(await complaint('run', '--iterations', '0')).toMatchInlineSnapshot(`
      "watertight: --iterations got '0': it takes a whole number from 1 to 1000
        remedy: for example --iterations 3
      "
    `)
  })
  test.each(['1.5', 'three', '-1', '1e3', ''])('%j iterations', async (text) => {
    expect(await complaint('run', `--iterations=${text}`)).toContain('--iterations got ')
  })
  test('a duration without a unit', async () => {
    expect(await complaint('run', '--idle-timeout', '6')).toMatchInlineSnapshot(`
      "watertight: --idle-timeout got '6', a number without a unit: it takes a duration from 1 ms to 1 d
        remedy: write a number with its unit, for example --idle-timeout 6s, 500ms or 1m30s
      "
    `)
  })
  test('a duration beyond its bounds', async () => {
    expect(await complaint('run', '--work-timeout', '2h')).toMatchInlineSnapshot(`
      "watertight: --work-timeout got '2h', which is 2 h: it takes a duration from 100 ms to 1 h
        remedy: write a number with its unit, for example --work-timeout 6s, 500ms or 1m30s
      "
    `)
  })
  test.each(['soon', '6 parsecs', '6s or so', '1,5s', '-6s', '0s', '1e9s', ''])('%j as a duration', async (text) => {
    expect(await complaint('run', `--idle-timeout=${text}`)).toContain('--idle-timeout got ')
  })
  test('a backend on another machine', async () => {
    expect(await complaint('run', '--backend', 'http://10.0.0.1:9000')).toMatchInlineSnapshot(`
      "watertight: --backend http://10.0.0.1:9000 is not a loopback address: a run opens hundreds of connections and creates buckets there, so it does not touch other machines unasked
        remedy: add --allow-remote if that server is yours to load
      "
    `)
  })
  test.each(['http://example.com', 'http://0.0.0.0:9000', 'http://[::2]:9000', 'http://localhost.example.com'])(
    '%s is another machine',
    async (url) => {
      expect(await complaint('run', '--backend', url)).toContain('is not a loopback address')
    },
  )
  test('a backend URL without credentials', async () => {
    expect(await complaint('run', '--backend', 'http://127.0.0.1:9000')).toMatchInlineSnapshot(`
      "watertight: --backend http://127.0.0.1:9000 needs credentials, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set
        remedy: export AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=...
      "
    `)
  })
  test('credentials in a URL, which are not repeated', async () => {
    expect(await complaint('run', '--backend', 'http://me:hunter2@127.0.0.1:9000')).toMatchInlineSnapshot(`
      "watertight: --backend got a URL with credentials in it: they would end up in reports and process lists
        remedy: leave them out of the URL and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead
      "
    `)
  })
  test('a backend URL with a path', async () => {
    expect(await complaint('run', '--backend', 'http://127.0.0.1:9000/bucket')).toMatchInlineSnapshot(`
      "watertight: --backend got 'http://127.0.0.1:9000/bucket': it takes an origin, without path or query (buckets are made by the run)
        remedy: --backend http://127.0.0.1:9000
      "
    `)
  })
  test.each(['ftp://127.0.0.1', 'http://', 'http://127.0.0.1:99999'])('%s as a backend', async (url) => {
    expect(await complaint('run', '--backend', url)).toContain('--backend got ')
  })
  test('scenarios that the backend does not serve', async () => {
    expect(await complaint('run', 'hang-versus-leak', '--backend', 'minio')).toMatchInlineSnapshot(`
      "watertight: nothing to run: none of the chosen scenarios has a leaky or fixed variant on minio
        remedy: \`watertight list\` shows which backends and variants each scenario has
      "
    `)
  })
  test('a required backend that this choice rules out', async () => {
    expect(await complaint('run', '--backend', 'embedded', '--require', 'minio')).toMatchInlineSnapshot(`
      "watertight: --require minio cannot be met: no run of this choice would use minio
        remedy: drop --require or --backend, or choose scenarios that \`watertight list\` shows with that backend
      "
    `)
  })
  test('an output folder that cannot be made', async () => {
    const file = join(tmpdir(), `watertight-is-a-file-${process.pid}`)
    writeFileSync(file, '')
    onTestFinished(() => rmSync(file))
    expect((await complaint('run', '--output', join(file, 'out'))).replaceAll(file, '<file>')).toMatchInlineSnapshot(`
      "watertight: reports cannot be written to <file>/out: ENOTDIR: not a directory, mkdir '<file>/out'
        remedy: name a folder you may write to with --output <folder>
      "
    `)
  })
  // Node's own mkdir({ recursive: true }) never comes back from there.
  test.runIf(process.platform === 'linux')('an output folder where the kernel takes none', async () => {
    expect(await complaint('run', '--output', '/proc/watertight/out')).toMatchInlineSnapshot(`
      "watertight: reports cannot be written to /proc/watertight/out: ENOENT: no such file or directory, mkdir '/proc/watertight'
        remedy: name a folder you may write to with --output <folder>
      "
    `)
  })
  test.each([
    ['run', '--output'],
    ['run', '--config'],
    ['exec', '--output'],
    ['report', '--output'],
    ['list', '--config'],
    ['doctor', '--config'],
    ['attach', '--config'],
  ])('of %s an empty %s', async (command, option) => {
    expect(await complaint(command, option, '', 'word')).toContain(`${option} got '': it takes a path\n  remedy: for example ${option} `)
  })
  test('a folder as a configuration', async () => {
    expect(await complaint('run', '--config', '.')).toMatchInlineSnapshot(`
      "watertight: . is a folder, and no configuration
        remedy: name the file in it with --config
      "
    `)
  })
  test('an escape sequence as a scenario, which does not reach the terminal', async () => {
    expect(await complaint('run', '\u001b[2Jx\ny')).toContain("there is no scenario '\\u001b[2Jx\\ny'")
  })
})

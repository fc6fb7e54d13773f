import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { WatertightConfig } from '../model/config.ts'
import { checkConfig, defineConfig, judgingOf } from './config.ts'

const FILE = 'watertight.config.ts'

const said = (config: unknown): string => {
  try {
    checkConfig(config, FILE)
    return 'nothing'
  } catch (error) {
    return String(error)
  }
}

/** A value for each field there is. */
const WHOLE: Required<WatertightConfig> = {
  scenarios: ['scenarios', 'more/*.ts'],
  idleTimeoutMs: 6_000,
  idleConnections: 'trust',
  level: 'sampled',
  iterations: 3,
  warmUp: 1,
  workTimeoutMs: 10_000,
  stallMs: null,
  budget: { sockets: 1 },
  allow: [{ origin: 'http://127.0.0.1:9464', because: 'the metrics exporter' }],
  backend: 'http://127.0.0.1:9000',
  require: ['minio'],
  reporters: ['json', 'junit'],
  output: 'out',
}

describe('a configuration', () => {
  test('that is valid is taken as it is, and so is an empty one', () => {
    expect(checkConfig(defineConfig(WHOLE), FILE)).toEqual(WHOLE)
    expect(checkConfig(defineConfig({}), FILE)).toEqual({})
  })

  test('tells how the work of its writer is judged apart from what only a run wants to know', () => {
    const { idleTimeoutMs, idleConnections, level, warmUp, workTimeoutMs, stallMs, budget, allow } = WHOLE
    expect(judgingOf(WHOLE)).toEqual({ idleTimeoutMs, idleConnections, level, warmUp, workTimeoutMs, stallMs, budget, allow })
    expect(judgingOf({ level: 'off', output: 'out' })).toEqual({ level: 'off' })
  })

  test('with a slip of spelling is told the field that was meant', () => {
    expect(said({ idleTimeout: 5 })).toMatchInlineSnapshot(`
      "HarnessError: watertight.config.ts: \`idleTimeout\` is not a field; did you mean \`idleTimeoutMs\`?
        remedy: nothing was run; docs/guides/config.md has every field"
    `)
    expect(said({ reporter: ['json'] })).toContain('`reporter` is not a field; did you mean `reporters`?')
    expect(said({ budget: { socket: 1 } })).toContain('`budget.socket` is not a field; did you mean `sockets`?')
    expect(said({ allow: [{ orign: 'x', because: 'y' }] })).toContain('`allow[0].orign` is not a field; did you mean `origin`?')
    expect(said({ qqqqqqqqqqq: 1 })).toContain('`qqqqqqqqqqq` is not a field; there are scenarios, idleTimeoutMs, ')
  })

  test.each([
    [{ idleTimeoutMs: 0 }, '`idleTimeoutMs` is 0: it takes a number from 1 to 2147483647'],
    [{ idleTimeoutMs: '6s' }, "`idleTimeoutMs` is '6s': it takes a number from 1 to 2147483647"],
    [{ iterations: 1001 }, '`iterations` is 1001: it takes a whole number from 1 to 1000'],
    [{ warmUp: 0.5 }, '`warmUp` is 0.5: it takes a whole number from 0 to 100000'],
    [{ stallMs: -1 }, '`stallMs` is -1: it takes a number from 1 to 2147483647, or null'],
    [{ level: 'fulll' }, "`level` is 'fulll': it takes 'full', 'sampled' or 'off'; did you mean 'full'?"],
    [{ budget: 3 }, '`budget` is 3: it takes an object with sockets, requests and handles'],
    [{ allow: [{ code: 'UNREAD_BODY' }] }, '`allow[0].because` is missing: it takes a reason, such as '],
    [{ allow: [{ because: '' }] }, "`allow[0].because` is '': it takes a reason, such as "],
    [
      { reporters: ['json', 'pdf'] },
      "`reporters[1]` is 'pdf': it takes 'text', 'json', 'html', 'junit', 'openmetrics', 'markdown' or 'github'",
    ],
    [{ reporters: ['txt'] }, "'junit', 'openmetrics', 'markdown' or 'github'; did you mean 'text'?"],
    [{ backend: 'miniox' }, "an http URL without credentials (those come from AWS_* variables); did you mean 'minio'?"],
    [{ scenarios: 7 }, '`scenarios` is 7: it takes a text that is not empty or a list, each a text that is not empty'],
    [{ output: '' }, "`output` is '': it takes a text that is not empty"],
    [
      { backend: 'minoi' },
      "`backend` is 'minoi': it takes 'embedded', 'minio', 'azurite', 'fake-gcs', 'toxiproxy', 'cluster' or an http URL",
    ],
    [7, 'it is 7: it takes an object with scenarios, '],
  ])('%j is refused with the field and what it takes', (config, words) => {
    expect(said(config)).toMatch(new RegExp(`^HarnessError: ${FILE}: `))
    expect(said(config)).toContain(words)
  })

  test('with several mistakes is told all of them at once', () => {
    expect(said({ idleTimeoutMs: -1, timeout: 5, budget: { sockets: 'two' } })).toMatchInlineSnapshot(`
      "HarnessError: watertight.config.ts: \`idleTimeoutMs\` is -1: it takes a number from 1 to 2147483647
        watertight.config.ts: \`budget.sockets\` is 'two': it takes a whole number from 0 on
        watertight.config.ts: \`timeout\` is not a field; did you mean \`workTimeoutMs\`?
        remedy: nothing was run; docs/guides/config.md has every field"
    `)
  })

  test('with credentials in its backend is refused without repeating them', () => {
    expect(said({ backend: 'http://me:hunter2@127.0.0.1:9000' })).toContain("`backend` is 'http://***@127.0.0.1:9000': it takes")
  })
})

test('the guide has every field there is, and no other', () => {
  const guide = readFileSync(new URL('../../docs/guides/config.md', import.meta.url), 'utf8')
  const rows = [...guide.matchAll(/^\| `(\w+)` /gm)].map(([, field]) => field)
  expect(rows.toSorted()).toEqual(Object.keys(WHOLE).toSorted())
})
